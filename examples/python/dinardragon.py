"""A client of Dinar Dragon: payouts to bank accounts, in two steps."""

from decimal import Decimal
from typing import NamedTuple

from exact import NoAnswer, Refused, call, patiently

PROCESSING, SUCCESSFUL, FAILED = 0, 1, 2


class Quote(NamedTuple):
    """A payout that can be executed once, within 15 minutes; else it is canceled."""

    authcode: str
    charge: Decimal


class DinarDragon:
    """Each call raises Refused, Unreachable or NoAnswer when it does not succeed."""

    def __init__(self, private_key, base_url='https://dinardragon.com', timeout=30, retry_wait=1):
        """timeout: seconds a call may take, retry_wait: seconds before the first of
        three more tries of one that may be repeated; it doubles."""
        self._headers = {'Authorization': f'Bearer {private_key}'}
        self._base_url = base_url
        self._timeout = timeout
        self._retry_wait = retry_wait

    def get_authcode(self, accounts):
        """Step 1: what a payout costs. An account has acc, amount, bank, country and
        recipientname. No money moves."""
        body = {'amount': sum(a['amount'] for a in accounts), 'accounts': accounts}
        answer = self._call('/get-authcode', body)
        return Quote(answer['authcode'], Decimal(answer['charge_in_usd']))

    def execute(self, authcode):
        """Step 2: pays, irreversibly. The answer has payment_id, and for each of its
        accounts a uniqueid. It is not repeated by itself; with the same authcode it
        may be, because that works once."""
        return self._call('/execute', {'authcode': authcode}, repeatable=False)

    def status(self, payment_id):
        """Step 3: by uniqueid, whether each payment is PROCESSING, SUCCESSFUL or FAILED."""
        answer = self._call('/status', {'payment_id': payment_id})
        return {p['uniqueid']: p['status'] for p in answer['payments']}

    def _call(self, path, body, repeatable=True):
        return patiently(lambda: self._once(path, body), repeatable, self._retry_wait)

    def _once(self, path, body):
        answer = call('POST', self._base_url + path, self._headers, body, self._timeout)
        said = answer.json if isinstance(answer.json, dict) else {}
        code = said.get('code', answer.status)  # the code is what counts
        if code in (200, 201) and answer.status in (200, 201) and said:
            return said
        reason = said.get('error') or answer.text[:200]
        if 400 <= code < 500:
            raise Refused(code, reason, answer.retry_after)
        raise NoAnswer(f'{code} {reason}')
