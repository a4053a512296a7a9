"""The errors that are the user's to mend."""


class InputError(ValueError):
    """Something the user gave can't be used; the command line shows it as one line and exits with 2.

    Args:
        where: The file, field or option it stands in.
        what: What is wrong with it, with the value.
        remedy: What to do.
    """

    def __init__(self, where: str, what: str, remedy: str) -> None:
        super().__init__(f"{where}: {what}; {remedy}")
        self.where, self.what, self.remedy = where, what, remedy


class StorageError(InputError):
    """The file that keeps what the learner did can't be used now; it was left as it is."""
