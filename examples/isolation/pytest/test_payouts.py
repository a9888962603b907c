import json
import os
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

MOCKPAY = os.environ.get("MOCKPAY_URL", "http://127.0.0.1:4402")


def call(method, url, body=None, **headers):
    """Makes a call, and returns its status and the JSON of the answer."""
    try:
        with urlopen(Request(url, body, headers, method=method)) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except HTTPError as refused:
        return refused.code, json.loads(refused.read())


class Workspace:
    """A world of its own: credentials, balances, clock, journal, webhooks."""

    def __init__(self, **spec):
        self.id = "default"
        made = self.control("POST", "workspaces", {"ttl": "10m", **spec})
        self.id, self.providers = made["id"], made["providers"]
        self.control("POST", "clock", {"freeze": True})

    def control(self, method, path, body=None):
        """Calls the control API for this workspace."""
        url = f"{MOCKPAY}/_mockpay/{path}?workspace={self.id}"
        status, answer = call(method, url, body and json.dumps(body).encode())
        assert status < 300, answer
        return answer

    def advance(self, by):
        self.control("POST", "clock", {"advance": by})

    def balance(self):
        return self.control("GET", "balances")["dinardragon"]["USD"]

    def told(self):
        """What the webhooks of Dinari Cash say, oldest first."""
        log = self.control("GET", "webhooks")["webhooks"]
        return [w["payload"]["TRANSACTION_STATUS"] for w in reversed(log)]


@pytest.fixture
def workspace():
    made = []
    yield lambda **spec: made.append(Workspace(**spec)) or made[-1]
    for each in made:
        each.control("DELETE", "workspaces/" + each.id)


def pay_out(providers):
    """Your code: pays 50 dollars by Dinar Dragon."""
    url, key = providers["dinardragon"]["base_url"], providers["dinardragon"]["credentials"]["private_key"]
    account = {"acc": 123456789, "amount": 50, "bank": "somebank", "country": "US", "recipientname": "somename"}
    quote = json.dumps({"amount": 50, "accounts": [account]}).encode()
    status, answer = call("POST", url + "/get-authcode", quote, Authorization=key)
    if status == 200:
        order = json.dumps({"authcode": answer["authcode"]}).encode()
        status, answer = call("POST", url + "/execute", order, Authorization=key)
    return status


def send(providers):
    """Your code: sends 300 dollars by Dinari Cash."""
    account = providers["dinaricash"]["credentials"]
    form = urlencode({
        "CORPORATE_ACCOUNT_ID": account["corporate_account_id"],
        "GATEWAY_API_KEY": account["gateway_api_key"],
        "SEND_METHOD": "ZELLE", "SEND_CURRENCY_ISO3": "USD", "SEND_AMOUNT": "300",
        "RECIPIENT_ZELLE_ADDRESS": "ssmith@example.com",
    }).encode()
    return call("POST", providers["dinaricash"]["base_url"] + "/send-money", form)[0]


def test_failed_payout_is_refunded(workspace):
    w = workspace(scenario="failed-payment-refund")
    assert pay_out(w.providers) == 200
    assert w.balance() == "9948.75"
    w.advance("5s")
    assert w.balance() == "9998.75"


def test_payout_without_funds(workspace):
    w = workspace()
    w.control("PATCH", "balances", {"dinardragon": {"USD": "5"}})
    assert pay_out(w.providers) == 403
    assert w.balance() == "5"


def test_send_is_told(workspace):
    w = workspace()
    assert send(w.providers) == 200
    assert w.told() == ["INITIATED"]
    w.advance("5s")
    assert w.told() == ["INITIATED", "COMPLETED"]
