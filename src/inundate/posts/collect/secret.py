"""Keys of the platforms: read from the environment, never shown, logged or written."""

from __future__ import annotations

from collections.abc import Mapping

from inundate.core.errors import ConfigError

__all__ = ["Secret", "read_secret"]


class Secret:
    """A text that shows itself to nobody by accident.

    Parameters
    ----------
    value : str

    Examples
    --------
    >>> Secret("key")
    Secret(***)
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not copied to a file or another process")

    def reveal(self) -> str:
        """Give the text, for a header of a request alone."""
        return self._value

    def hide_in(self, text: str) -> str:
        """Give a text, such as a server's message, without this secret in it."""
        return text.replace(self._value, "***")


def read_secret(environment: Mapping[str, str], name: str, *, what: str) -> Secret:
    """Read a key.

    Parameters
    ----------
    environment : mapping
        Such as ``os.environ``.
    name : str
        Variable that holds it.
    what : str
        What needs it.

    Raises
    ------
    ConfigError
        If the variable is absent or empty, or holds what no header may hold.
    """
    value = environment.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"{what} needs a key: the environment variable {name} is not set",
            hint=f"read -rs {name} && export {name}: that leaves no trace in the shell's history",
        )
    if not (value.isascii() and value.isprintable()):
        raise ConfigError(
            f"{what}: the key in {name} holds a character that is not printable ASCII",
            hint="copy it again, without line ends",
        )
    return Secret(value)
