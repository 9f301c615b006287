"""A service principal that has a certificate instead of a secret. Needs the package cryptography."""

import base64
import hashlib
import json
import time
import uuid

from ansible_collections.stix.core.plugins.module_utils.failure import Failure


def signed(path, client_id, audience):
    """A token that says who asks, signed by the key in a PEM file with both key and certificate.

    Raises:
        Failure: `runner.missing_content`, there is no cryptography; `provision.config`, the file does not serve.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding
    except ImportError:
        raise Failure(
            "runner.missing_content",
            "A login by certificate needs Python's cryptography",
            "pip install 'stix-cloud[azure]'",
        ) from None
    try:
        data = path.read_bytes()
        key = serialization.load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
    except (OSError, ValueError, TypeError) as error:
        raise Failure(
            "provision.config", "%s is no PEM file with a key and its certificate: %s" % (path, error)
        ) from error
    mark = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
    now = int(time.time())
    head = {"alg": "PS256", "typ": "JWT", "x5t#S256": _text(mark)}
    about = {
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": str(uuid.uuid4()),
        "nbf": now - 60,
        "exp": now + 600,
    }
    said = "%s.%s" % (_text(json.dumps(head).encode()), _text(json.dumps(about).encode()))
    padded = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return "%s.%s" % (said, _text(key.sign(said.encode(), padded, hashes.SHA256())))


def _text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
