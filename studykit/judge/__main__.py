"""`python -m studykit.judge`: the server that `client` talks to."""

import sys

from studykit.judge.server import serve

if __name__ == "__main__":
    serve(spawn="--spawn" in sys.argv)
