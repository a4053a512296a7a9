"""`python3 -m studykit COMMAND` on a machine with nothing but Python: any Python 3 can read this file, to be told."""

import sys

NEEDED = (3, 11)


def refusal(version):
    # type: (tuple[int, ...]) -> str
    """What to say to a Python that is too old, or the empty string (annotations would stop the oldest ones)."""
    if tuple(version[:2]) >= NEEDED:
        return ""
    said = "studykit needs Python {}.{} or newer and this is {}.{}; run it with a newer one: python{}.{} -m studykit"
    return said.format(*(NEEDED + tuple(version[:2]) + NEEDED))


if __name__ == "__main__":
    WRONG = refusal(sys.version_info)
    if WRONG:
        sys.stderr.write(WRONG + "\n")
        sys.exit(2)
    from studykit.bootstrap import main

    sys.exit(main(sys.argv[1:]))
