"""XML signatures as customs' messages carry them: one enveloped signature over the whole document.

Profile (202205 edition of the message specification, rsa-sha256 added): `Reference URI=""`, transforms exactly
enveloped-signature (inclusive C14N 1.0 may follow), inclusive C14N 1.0, rsa-sha1, rsa-sha256 or sm2-sm3, each with the
digest of its own name. `verify` judges, `sign` writes; neither knows whom a certificate belongs to.
"""

from silkgate.standards.xmldsig.algorithms import Method
from silkgate.standards.xmldsig.certificate import Certificate
from silkgate.standards.xmldsig.sign import method_for, octets_to_sign, sign, with_value
from silkgate.standards.xmldsig.signing_key import SigningKey
from silkgate.standards.xmldsig.verify import Verdict, verify

__all__ = [
    "Certificate",
    "Method",
    "SigningKey",
    "Verdict",
    "method_for",
    "octets_to_sign",
    "sign",
    "verify",
    "with_value",
]
