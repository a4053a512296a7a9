"""What is derived, never typed: notebooks, section packages, the README's table, `environment.yml`.

| module | holds |
|---|---|
| `lesson` | a lesson's Markdown, cut into the sections that every notebook has |
| `notebooks` | the cells of a notebook, its hashes, its execution |
| `pages` | tables, the index notebook, the evidence page |
| `house` | every derived file with the text it should have; `build` and `check` |
| `scaffold` | the files of a new technique |
"""
