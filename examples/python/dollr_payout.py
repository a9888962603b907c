"""Pays somebody by mobile money through Dollr, and waits until it is there or has
failed. See README.md.
"""

import socket
import time
import uuid
from decimal import Decimal, InvalidOperation

from dollr import Dollr
from exact import CallError, NoAnswer, Refused, Unreachable
from program import NOT_KNOWN, NOT_PAID, WRONG_USAGE, Stop, Store, env, run, seconds

FORBIDDEN_TO_EXECUTE = ('the passcode is wrong, or the merchant may not pay out; compare DOLLR_PASSCODE and '
                        'DOLLR_PASSCODE_PHONE with the portal. Nothing was paid')


def main(args):
    if len(args) not in (3, 4):
        raise Stop(WRONG_USAGE, 'usage: dollr_payout.py NAME PHONE AMOUNT [CURRENCY]')
    name, phone, amount, currency = [*args, 'USD'][:4]
    try:
        positive = Decimal(amount).is_finite() and Decimal(amount) > 0
    except InvalidOperation:
        positive = False
    if not positive:
        raise Stop(WRONG_USAGE, f'{amount} is no amount')
    dollr = Dollr(env('DOLLR_CLIENT_ID'), env('DOLLR_CLIENT_SECRET'), env('DOLLR_BASE_URL', 'https://api.heydollr.app'),
                  seconds('DOLLR_CALL_TIMEOUT', '30'), seconds('DOLLR_RETRY', '1'))
    passcode = {'phone': env('DOLLR_PASSCODE_PHONE'), 'code': env('DOLLR_PASSCODE')}
    order = {'name': name, 'phone': phone, 'amount': Decimal(amount), 'currency': currency}
    Payer(dollr, passcode, order).run()


class Payer:
    """Makes one payout."""

    def __init__(self, dollr, passcode, order):
        self._dollr = dollr
        self._passcode = passcode
        self._order = order
        self._store = Store(env('DOLLR_STORE', 'dollr-payout.json'))
        self._patience = seconds('DOLLR_TIMEOUT', '300')
        self._interval = seconds('DOLLR_POLL', '2')  # between two questions for the status

    def run(self):
        """Pays, unless an earlier run did."""
        payout, now = self._store.recall(self._order, lambda order: f'to {order["name"]}'), None
        if payout:
            print(f'{payout["reference_id"]} is from an earlier run')
            now = self._trace(payout['reference_id'])
        account = payout['payout_account_id'] if payout else self._register()
        for _ in range(3):
            if now:
                break
            payout = self._begin(account)
            now = self._execute(payout)
        if not now:
            raise Stop(NOT_PAID, 'Dollr gave no clear answer three times, and paid nothing')
        self._follow(payout['reference_id'], now)

    def _register(self):
        """Tells Dollr who is paid and where. Returns the id of the payment account."""
        dollr, name, phone, currency = self._dollr, self._order['name'], self._order['phone'], self._order['currency']
        operator = dollr.predict_operator(phone)
        route = {'payment_method': operator['payment_method'], 'provider': operator['gateway_provider']}
        cost = dollr.predict_payout({**route, 'base_amount': self._order['amount'], 'base_currency': currency,
                                     'target_currency': currency, 'fee_bearer': 'PAYER'})
        print(f'{operator["payment_method"]}: {cost["payee_amount"]} {cost["payee_currency"]} '
              f'for {cost["payer_amount"]} {cost["payer_currency"]}')
        party = dollr.create_party({'fullname': name, 'phone': phone, 'country_code': operator['country']})
        dollr.create_counterparty({'relationship_type': 'BENEFICIARY', 'party_id': party['id']})
        return dollr.create_payout_account({
            'account_name': f'{name}, mobile',
            'provider': route['provider'],
            'method': route['payment_method'],
            'party_id': party['id'],
            'country_code': operator['country'],
            'insensitive_account_number': phone,
        })['id']

    def _begin(self, account):
        """A session and a key of its own, stored before anything is executed with them."""
        session = self._dollr.create_payout_session({
            'payout_account_id': account, 'amount': self._order['amount'], 'currency': self._order['currency'],
        })
        payout = {'order': self._order, 'payout_account_id': account, 'session_id': session['id'],
                  'reference_id': str(uuid.uuid4())}
        self._store.keep(payout)
        return payout

    def _execute(self, payout):
        """Executes a payout. Returns None if Dollr does not know of it."""
        key = payout['reference_id']
        try:
            return self._dollr.payout({
                'session_id': str(payout['session_id']),
                'payout_account_id': str(payout['payout_account_id']),
                'reference_id': key,
                'passcode': {'token': self._passcode, 'device': device()},
            })
        except NoAnswer as err:
            print(f'{key} has no clear answer: {err}')
            return self._trace(key)
        except CallError as err:
            self._store.forget()  # nothing was done
            if isinstance(err, Unreachable):
                raise Stop(NOT_PAID, f'{err}; nothing was paid') from err
            if isinstance(err, Refused) and err.status == 403:
                raise Stop(NOT_PAID, f'{err}: {FORBIDDEN_TO_EXECUTE}') from err
            raise

    def _trace(self, key):
        """What became of a payout that may or may not have been made. None if Dollr does
        not know of it, or it has FAILED: then, and only then, another is safe."""
        for tries in range(3):
            if tries:
                time.sleep(self._interval)  # it may still be on its way
            now = self._ask(key)
            if now:
                return None if now['status'] == 'FAILED' else now
        return None

    def _ask(self, key):
        try:
            return self._dollr.payout_status(key)
        except CallError as err:
            raise Stop(NOT_KNOWN, f'nobody can say what became of {key}: {explain(err)}; run this again to ask once more') from err

    def _follow(self, key, now):
        """Waits for the end of a payout."""
        deadline, wait, last = time.monotonic() + self._patience, self._interval, None
        while True:
            if now['status'] != last:
                print(f'{key} {now["status"]}')
            last = now['status']
            if last in ('COMPLETED', 'FAILED'):
                break
            if time.monotonic() > deadline:
                raise Stop(NOT_KNOWN, f'{key} is still {last} after {self._patience:g} s and may yet be paid: '
                                      'do not pay otherwise, run this again to go on waiting')
            time.sleep(wait)
            wait = min(wait * 1.25, self._interval * 2.5)
            now = self._ask(key) or now
        self._store.forget()
        if last == 'FAILED':
            reason = now.get('wallet_message') or now.get('gateway_message') or 'no reason given'
            advice = 'top up the wallet' if now.get('wallet_message') else 'ask who is paid, or their operator'
            raise Stop(NOT_PAID, f'the payout has FAILED: {reason}; {advice} before you run this again')


def device():
    """Where the passcode comes from, for Dollr's audit."""
    return {
        'name': socket.gethostname(),
        'type': 'SERVER',
        'platform': 'PYTHON',
        'user_agent': 'dollr-payout/1.0',
        'client_ip': env('DOLLR_CLIENT_IP', '127.0.0.1'),
    }


def explain(err):
    """An error as a user can act upon it."""
    advice = {
        401: 'compare DOLLR_CLIENT_ID and DOLLR_CLIENT_SECRET with the portal',
        403: 'the merchant is not verified for payouts yet, see to it in the portal',
        429: 'these are too many calls, wait a while before you run this again',
    }
    status = getattr(err, 'status', None)
    if status == 422:
        return f'Dollr does not take these values: {err}'
    return f'{err}: {advice[status]}' if status in advice else str(err)


if __name__ == '__main__':
    run('dollr-payout', main, explain)
