"""JSON by HTTP, for money: its numbers are decimals, and what goes wrong tells
whether anything was done. The standard library of Python 3.9 is enough.
"""

import errno
import http.client
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any, NamedTuple, Optional


class CallError(Exception):
    """What keeps a call from doing what was asked for."""


class Refused(CallError):
    """The provider has refused: nothing was done."""

    def __init__(self, status, reason, retry_after=None):
        super().__init__(f'{status} {reason}')
        self.status = status
        self.retry_after = retry_after  # seconds, if the provider says so


class Unreachable(CallError):
    """The call has not left this machine: nothing was done."""


class NoAnswer(CallError):
    """The call has left, and no clear answer came: it may have been done, or not."""


class Answer(NamedTuple):
    status: int
    json: Any  # None if the body is none
    text: str
    retry_after: Optional[float]


def dumps(value):
    """JSON of a value; a Decimal becomes a number with the digits it has."""
    if isinstance(value, Decimal):
        return format(value, 'f')
    if isinstance(value, dict):
        return '{' + ','.join(f'{json.dumps(k)}:{dumps(v)}' for k, v in value.items()) + '}'
    if isinstance(value, (list, tuple)):
        return '[' + ','.join(dumps(v) for v in value) + ']'
    if isinstance(value, float):
        raise TypeError(f'{value} is a float: amounts are Decimals')
    return json.dumps(value)


def loads(text):
    """What JSON means; numbers are Decimals, those without a point ints."""
    return json.loads(text, parse_float=Decimal)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A call that pays goes where it was sent, or nowhere."""

    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(_NoRedirects)

_BEFORE_SENDING = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH)


def call(method, url, headers, body=None, timeout=30):
    """The answer to a call, whatever its status. Raises Unreachable or NoAnswer."""
    headers = {'Accept': 'application/json', **headers}
    data = None
    if body is not None:
        headers['Content-Type'] = 'application/json'
        data = dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with _open(request, timeout) as response:
            return _read(response)
    except urllib.error.URLError as err:
        why = err.reason
        nothing_sent = isinstance(why, _BEFORE_SENDING) or getattr(why, 'errno', None) in _NO_WAY
        raise (Unreachable if nothing_sent else NoAnswer)(str(why)) from err
    except (OSError, http.client.HTTPException) as err:
        raise NoAnswer(str(err) or type(err).__name__) from err


def _open(request, timeout):
    try:
        return _opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as err:
        return err  # an answer, too


def _read(response):
    text = response.read().decode('utf-8', 'replace')
    try:
        value = loads(text)
    except ValueError:
        value = None
    after = response.headers.get('Retry-After', '')
    return Answer(response.status, value, text, float(after) if after.isdecimal() else None)


def patiently(attempt, repeatable, wait):
    """Tries again, up to three times, what has done nothing and may pass: 429, and
    no connection; and if it may be repeated also what had no clear answer."""
    for tries in range(4):
        try:
            return attempt()
        except CallError as err:
            passes = err.status == 429 if isinstance(err, Refused) else repeatable or isinstance(err, Unreachable)
            if not passes or tries == 3:
                raise
            time.sleep(wait * 2**tries if getattr(err, 'retry_after', None) is None else err.retry_after)
