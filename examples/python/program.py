"""What the programs share: variables, exit codes, and the file of what is under way."""

import os
import sys

from exact import CallError, dumps, loads

NOT_PAID = 1
WRONG_USAGE = 2
NOT_KNOWN = 3


class Stop(Exception):
    """An end that is not the wanted one, with the exit code that tells which."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def env(name, otherwise=None):
    """A variable; without otherwise it must be set."""
    value = os.environ.get(name) or otherwise
    if value is None:
        raise Stop(WRONG_USAGE, f'{name} is not set')
    return value


def seconds(name, otherwise):
    """A variable that holds a number of seconds."""
    value = env(name, otherwise)
    try:
        return float(value)
    except ValueError:
        raise Stop(WRONG_USAGE, f'{name} is no number of seconds: {value}') from None


class Store:
    """A file that holds a payout from before it is executed until its end is known."""

    def __init__(self, path):
        self.path = path

    def recall(self, order, title):
        """What an earlier run has left of the same order, None if nothing."""
        try:
            with open(self.path, encoding='utf-8') as file:
                left = loads(file.read())
                was = left['order']
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            raise Stop(WRONG_USAGE, f'{self.path} holds no payout: name another file') from None
        if was != order:
            raise Stop(WRONG_USAGE, f'{self.path} holds a payout {title(was)} that has no end yet: '
                                    'finish that one, or name another file')
        return left

    def keep(self, payout):
        """Writes a payout. It is on the disk when this returns."""
        made = os.open(self.path + '.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(made, 'w', encoding='utf-8') as file:
            file.write(dumps(payout))
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + '.new', self.path)

    def forget(self):
        try:
            os.remove(self.path)
        except FileNotFoundError:
            pass


def run(name, main, explain=str):
    """Runs a program, says on stderr why it did not succeed, and exits."""
    sys.stdout.reconfigure(line_buffering=True)
    try:
        main(sys.argv[1:])
    except (Stop, CallError, OSError) as err:
        why = explain(err) if isinstance(err, CallError) else err
        print(f'{name}: {why}', file=sys.stderr)
        sys.exit(getattr(err, 'code', NOT_PAID))
