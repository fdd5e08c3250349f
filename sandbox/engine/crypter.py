"""How secrets are kept: Pulumi's passphrase provider (`v1`, AES-256-GCM, PBKDF2-SHA256 of 1,000,000 rounds).

Deriving the key takes a third of a second of a core, so it happens once for each salt, on a thread of its
own; a state without secrets never waits for it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from concurrent.futures import Future
from typing import Final

from sandbox.engine.errors import EngineError, WrongPassphrase

_ROUNDS: Final = 1_000_000
_CHECK: Final = "pulumi"
"""What Pulumi encrypts beside the salt, to tell a wrong passphrase."""

_keys: dict[tuple[str, bytes], Future[bytes]] = {}
_keys_lock = threading.Lock()


class DecryptionFailed(EngineError):
    """A ciphertext that this key does not open."""


class SaltInvalid(EngineError):
    """What should tell how the secrets of a stack are encrypted does not."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the salt of the secrets of {where} is not of the form 'v1:<salt>:<check>', as Pulumi's "
            "passphrase provider writes it: put back the one that its secrets were made with"
        )
        self.where = where


class Crypter:
    """Encrypts and decrypts the secrets of one stack.

    `state` is the stack's `encryptionsalt`: `v1:<salt>:<the word pulumi, encrypted>`; `where` names it in
    errors.
    """

    def __init__(self, passphrase: str, state: str, where: str) -> None:
        version, _, rest = state.partition(":")
        salt, _, check = rest.partition(":")
        try:
            self._salt = base64.b64decode(salt, validate=True)
        except ValueError:
            self._salt = b""
        if version != "v1" or not self._salt or not check:
            raise SaltInvalid(where)
        self._passphrase = passphrase
        self._check: str | None = check
        self._where = where
        self._state: str | None = state
        self._key_lock = threading.Lock()

    @classmethod
    def new(cls, passphrase: str, where: str) -> Crypter:
        """A crypter with a salt of its own."""
        salt = os.urandom(8)
        crypter = cls.__new__(cls)
        crypter._passphrase = passphrase
        crypter._salt = salt
        crypter._check = None
        crypter._where = where
        crypter._state = None
        crypter._key_lock = threading.Lock()
        return crypter

    def prepare(self) -> None:
        """Begins to derive the key, which will be needed; returns at once."""
        _derive(self._passphrase, self._salt)

    @property
    def state(self) -> str:
        """What the checkpoint and the stack's file keep of this crypter."""
        if self._state is None:
            self._state = f"v1:{base64.b64encode(self._salt).decode()}:{self.encrypt(_CHECK)}"
        return self._state

    @property
    def state_if_known(self) -> str:
        """The state where it is known without the key, else ""."""
        return self._state or ""

    def encrypt(self, plaintext: str) -> str:
        """`v1:<nonce>:<ciphertext>`, with a nonce of its own each time."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(12)
        sealed = AESGCM(self._key()).encrypt(nonce, plaintext.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, ciphertext: str) -> str:
        """The plaintext. Raises `DecryptionFailed`, or `WrongPassphrase` where no text could be opened."""
        return _open(self._key(), ciphertext)

    def _key(self) -> bytes:
        key = _derive(self._passphrase, self._salt).result()
        with self._key_lock:
            if self._check is not None:
                try:
                    right = _open(key, self._check) == _CHECK
                except DecryptionFailed:
                    right = False
                if not right:
                    raise WrongPassphrase(self._where)
                self._check = None
        return key


def _open(key: bytes, ciphertext: str) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    parts = ciphertext.split(":")
    if len(parts) != 3 or parts[0] != "v1":
        raise DecryptionFailed(f"'{ciphertext[:12]}…' is not an encrypted value")
    try:
        nonce, sealed = base64.b64decode(parts[1]), base64.b64decode(parts[2])
        return AESGCM(key).decrypt(nonce, sealed, None).decode()
    except (InvalidTag, ValueError) as error:
        raise DecryptionFailed("a secret was made with another passphrase or has been damaged") from error


def _derive(passphrase: str, salt: bytes) -> Future[bytes]:
    with _keys_lock:
        found = _keys.get((passphrase, salt))
        if found is not None:
            return found
        future: Future[bytes] = Future()
        _keys[passphrase, salt] = future

    def work() -> None:
        future.set_result(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, 32))

    threading.Thread(target=work, name="derive-key", daemon=True).start()
    return future
