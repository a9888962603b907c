"""A client of the Dollr Open API: payouts to mobile wallets."""

import time
from urllib.parse import quote, urlencode

from exact import NoAnswer, Refused, Unreachable, call, patiently

MINUTE = 60  # seconds


class Dollr:
    """Each call raises Refused, Unreachable or NoAnswer when it does not succeed."""

    def __init__(self, client_id, client_secret, base_url='https://api.heydollr.app', timeout=30, retry_wait=1):
        """timeout: seconds a call may take, retry_wait: seconds before the first of
        three more tries of one that may be repeated; it doubles."""
        self._credentials = {'client_id': client_id, 'client_secret': client_secret}
        self._base_url = base_url
        self._timeout = timeout
        self._retry_wait = retry_wait
        self._token = ''
        self._renew_at = float('-inf')

    def create_party(self, party):
        return self._call('POST', '/parties/create', party)

    def create_counterparty(self, counterparty):
        return self._call('POST', '/counterparties/create', counterparty)

    def predict_operator(self, phone):
        """Whose customer a phone is: payment_method and gateway_provider."""
        query = urlencode({'phone': phone, 'operation_type': 'PAYOUT'})
        return self._call('GET', f'/predictions/mmo-provider-info?{query}')

    def predict_payout(self, query):
        """What a payout would cost: payer_amount and payee_amount, as texts."""
        query = urlencode({**query, 'operation_type': 'PAYOUT'})
        return self._call('GET', f'/predictions/amount-and-fees?{query}')

    def create_payout_account(self, account):
        return self._call('POST', '/payment-accounts/create?operation_type=PAYOUT', account)

    def create_payout_session(self, session):
        """payout_account_id is a number here, and a text in payout."""
        return self._call('POST', '/sessions/payout', session)

    def payout(self, execution):
        """Pays. It is never repeated after NoAnswer: ask for payout_status."""
        return self._call('POST', '/executions/payout', execution, repeatable=False)

    def payout_status(self, reference_id):
        """What became of a payout, None if Dollr does not know the reference_id."""
        try:
            return self._call('GET', f'/status/payout/{quote(reference_id)}')
        except Refused as err:
            if err.status == 404:
                return None
            raise

    def _call(self, method, path, body=None, repeatable=True):
        return patiently(lambda: self._authorized(method, path, body), repeatable, self._retry_wait)

    def _authorized(self, method, path, body):
        """A call with a token. If that is refused, it gets another and tries once more."""
        if time.monotonic() > self._renew_at:
            self._obtain_token()
        try:
            return self._once(method, path, body, self._token)
        except Refused as err:
            if err.status != 401:
                raise
        self._obtain_token()
        return self._once(method, path, body, self._token)

    def _obtain_token(self):
        """expires_in is in minutes; a token is renewed when less than five are left."""
        try:
            answer = self._once('POST', '/jwt/client/obtain/token', self._credentials)
        except NoAnswer as err:
            raise Unreachable(f'no token: {err}') from err  # what it was for was not done
        self._token = answer['access_token']
        self._renew_at = time.monotonic() + (answer['expires_in'] - 5) * MINUTE

    def _once(self, method, path, body, token=''):
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        answer = call(method, f'{self._base_url}/v1{path}', headers, body, self._timeout)
        if 200 <= answer.status < 300 and isinstance(answer.json, dict):
            return answer.json
        reason = _in_words(answer)
        if 400 <= answer.status < 500:
            raise Refused(answer.status, reason, answer.retry_after)
        raise NoAnswer(f'{answer.status} {reason}')


def _in_words(answer):
    """detail is a text; with 422 it is a list of places and what is wrong there."""
    detail = answer.json.get('detail') if isinstance(answer.json, dict) else None
    if isinstance(detail, list):
        return '; '.join(f'{".".join(map(str, d["loc"]))}: {d["msg"]}' for d in detail)
    return detail or answer.text[:200]
