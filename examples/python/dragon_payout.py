"""Pays to bank accounts through Dinar Dragon, and waits until the money is there or
has come back. See README.md.
"""

import csv
import sys
import time
from decimal import Decimal, InvalidOperation

from dinardragon import FAILED, PROCESSING, SUCCESSFUL, DinarDragon
from exact import CallError, NoAnswer, Refused, Unreachable
from program import NOT_KNOWN, NOT_PAID, WRONG_USAGE, Stop, Store, env, run, seconds

COLUMNS = ('acc', 'amount', 'bank', 'country', 'recipientname')
USAGE = f'usage: dragon_payout.py [--yes] FILE.csv, which begins with {",".join(COLUMNS)}'
WORDS = {PROCESSING: 'is under way', SUCCESSFUL: 'is there', FAILED: 'has failed and was refunded'}
CODE_LIFE = 15 * 60  # seconds


def main(args):
    sure = '--yes' in args
    files = [arg for arg in args if arg != '--yes']
    if len(files) != 1:
        raise Stop(WRONG_USAGE, USAGE)
    dragon = DinarDragon(env('DINARDRAGON_KEY'), env('DINARDRAGON_BASE_URL', 'https://dinardragon.com'),
                         seconds('DINARDRAGON_CALL_TIMEOUT', '30'), seconds('DINARDRAGON_RETRY', '1'))
    store = Store(env('DINARDRAGON_STORE', 'dragon-payout.json'))
    payer = Payer(dragon, store, read(files[0]), sure)
    payer.follow(payer.made())


def read(name):
    """The accounts in a file, in the form that Dinar Dragon takes."""
    try:
        with open(name, newline='', encoding='utf-8-sig') as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, csv.Error, UnicodeDecodeError) as err:
        raise Stop(WRONG_USAGE, f'{name}: {err}') from err
    if not rows:
        raise Stop(WRONG_USAGE, f'{name} has no accounts; {USAGE}')
    return [account(f'{name}, payment {n}', row) for n, row in enumerate(rows, 1)]


def account(where, row):
    for column in COLUMNS:
        if not row.get(column):
            raise Stop(WRONG_USAGE, f'{where}: {column} is missing')
    number, amount = row['acc'], row['amount']
    if not (number.isascii() and number.isdecimal()) or number.startswith('0'):
        raise Stop(WRONG_USAGE, f'{where}: {number} is no account number that Dinar Dragon takes: digits, no zero first')
    try:
        dollars = Decimal(amount)
    except InvalidOperation:
        dollars = Decimal(0)
    if not dollars.is_finite() or dollars <= 0:
        raise Stop(WRONG_USAGE, f'{where}: {amount} is no amount')
    return {**{column: row[column] for column in COLUMNS}, 'acc': int(number), 'amount': dollars}


def total(accounts):
    noun = 'account' if len(accounts) == 1 else 'accounts'
    return f'of {sum(a["amount"] for a in accounts)} USD to {len(accounts)} {noun}'


class Payer:
    """Makes one payout."""

    def __init__(self, dragon, store, accounts, sure):
        self._dragon = dragon
        self._store = store
        self._accounts = accounts
        self._sure = sure
        self._patience = seconds('DINARDRAGON_TIMEOUT', '1800')
        self._interval = seconds('DINARDRAGON_POLL', '5')

    def made(self):
        """The payout as it was executed, now or by an earlier run: the answer to that."""
        left = self._store.recall(self._accounts, total)
        if left is None:
            return self._pay()
        print(f'a payout {total(self._accounts)} is from an earlier run')
        return left.get('done') or self._execute_again(left['authcode'])

    def _pay(self):
        """Quotes and executes. A code that has expired, because somebody took their
        time to say yes, is canceled; then it begins again."""
        for _ in range(3):
            quote, since = self._dragon.get_authcode(self._accounts), time.monotonic()
            print(f'a payout {total(self._accounts)} costs a charge of {quote.charge} USD')
            self._ask()
            self._store.keep({'order': self._accounts, 'authcode': quote.authcode})
            try:
                return self._keep(quote.authcode, self._dragon.execute(quote.authcode))
            except NoAnswer as err:
                print(f'no clear answer: {err}')
                return self._execute_again(quote.authcode)
            except CallError as err:
                self._store.forget()  # nothing was paid
                if not self._expired(err, time.monotonic() - since):
                    raise Stop(NOT_PAID, f'{err}; nothing was paid') if isinstance(err, Unreachable) else err
            print('the authcode has expired')
        raise Stop(NOT_PAID, 'three authcodes have expired; nothing was paid')

    @staticmethod
    def _expired(err, age):
        """The text is not documented, so the age counts as well."""
        return isinstance(err, Refused) and (age >= CODE_LIFE or 'expired' in str(err).lower())

    def _ask(self):
        if self._sure:
            return
        print('pay? [y/N]')
        if sys.stdin.readline().strip().lower() not in ('y', 'yes'):
            raise Stop(NOT_PAID, 'you did not say yes; nothing was paid')

    def _execute_again(self, authcode):
        """Executes once more with the same code: it works once, so this does not pay
        twice. Dinar Dragon has no other way to ask what became of an execution."""
        for tries in range(3):
            if tries:
                time.sleep(self._interval)
            try:
                return self._keep(authcode, self._dragon.execute(authcode))
            except Refused as err:
                raise Stop(NOT_KNOWN, f'{err}: the first execution was probably made, or its code has expired. Look at the '
                                      f'dashboard; when you know, remove {self._store.path}') from err
            except CallError as err:
                print(f'no clear answer: {err}')
        raise Stop(NOT_KNOWN, 'nobody can say whether it was paid; run this again within 15 minutes to ask once more')

    def _keep(self, authcode, done):
        self._store.keep({'order': self._accounts, 'authcode': authcode, 'done': done})
        return done

    def follow(self, done):
        """Waits for the end of all payments."""
        payments = {p['uniqueid']: p for p in done['accounts']}
        print(f'payout {done["payment_id"]}')
        deadline = time.monotonic() + self._patience
        last = {}
        while True:
            now = self._statuses(done['payment_id'])
            for key, status in now.items():
                if status != last.get(key):
                    print(f'{key} {payments[key]["amount"]} USD to {payments[key]["accNo"]} {WORDS.get(status, status)}')
            last = now
            if PROCESSING not in now.values():
                break
            if time.monotonic() > deadline:
                waiting = list(now.values()).count(PROCESSING)
                raise Stop(NOT_KNOWN, f'{waiting} of {len(now)} are still under way after {self._patience:g} s: do not pay '
                                      'otherwise, run this again to go on waiting')
            time.sleep(self._interval)
        self._store.forget()
        failed = [payments[key] for key, status in now.items() if status == FAILED]
        if failed:
            to = ', '.join(f'{p["amount"]} USD to {p["accNo"]} ({p["recipientname"]})' for p in failed)
            raise Stop(NOT_PAID, f'{len(failed)} of {len(now)} failed and came back to the balance: {to}; the others are paid')

    def _statuses(self, payment_id):
        try:
            return self._dragon.status(payment_id)
        except CallError as err:
            raise Stop(NOT_KNOWN, f'it was paid as {payment_id}, but what became of it is not known: {err}; '
                                  'run this again to ask once more') from err


if __name__ == '__main__':
    run('dragon-payout', main)
