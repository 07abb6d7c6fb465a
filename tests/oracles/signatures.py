"""XML signatures over the whole message (contract §2 item 4; standards: XML-DSig, C14N 1.0 inclusive)."""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree
from tongsuopy.crypto import hashes as sm_hashes
from tongsuopy.crypto.asymciphers import ec as sm_ec

DS = "{http://www.w3.org/2000/09/xmldsig#}"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SM2_SM3 = "http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3"
SM3 = "http://www.chinaport.gov.cn/2022/04/xmldsig#sm3"
RSA = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": hashes.SHA1,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": hashes.SHA256,
}
SHA = {
    "http://www.w3.org/2000/09/xmldsig#sha1": hashlib.sha1,
    "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
}
SM2_POINT_BYTES = 65
UNCOMPRESSED_POINT = bytes.fromhex("034200")


def canonical(node: etree._Element | etree._ElementTree) -> bytes:
    """C14N 1.0, inclusive, without comments; of an element in the context of its ancestors."""
    return etree.tostring(node, method="c14n", exclusive=False, with_comments=False)


def sm3(data: bytes) -> bytes:
    context = sm_hashes.Hash(sm_hashes.SM3())
    context.update(data)
    return context.finalize()


def digest(algorithm: str, data: bytes) -> bytes | None:
    if algorithm == SM3:
        return sm3(data)
    return SHA[algorithm](data).digest() if algorithm in SHA else None


def decoded(node: etree._Element | None) -> bytes:
    text = "".join((node.text or "").split()) if node is not None else ""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def without_signature(root: etree._Element) -> bytes:
    """The document as signed: everything but the signature, whose surroundings stay as they are."""
    tree = copy.deepcopy(root.getroottree())
    signature = tree.getroot().find(f"{DS}Signature")
    tail, previous, parent = signature.tail or "", signature.getprevious(), signature.getparent()
    if previous is not None:
        previous.tail = (previous.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(signature)
    return canonical(tree)


def covers_the_document(root: etree._Element, signature: etree._Element) -> bool:
    """One reference, to the whole document, through nothing but the enveloped transform, with the right digest."""
    references = signature.findall(f"{DS}SignedInfo/{DS}Reference")
    if len(references) != 1 or references[0].get("URI") != "":
        return False
    transforms = [node.get("Algorithm") for node in references[0].findall(f"{DS}Transforms/{DS}Transform")]
    if transforms not in ([ENVELOPED], [ENVELOPED, C14N]):
        return False
    stated = references[0].find(f"{DS}DigestValue")
    found = digest(references[0].find(f"{DS}DigestMethod").get("Algorithm"), without_signature(root))
    return found is not None and decoded(stated) == found


def sm2_point(certificate: x509.Certificate) -> bytes:
    """The 65-byte public point of an SM2 certificate, read from its DER because OpenSSL may not know the curve."""
    tbs = certificate.tbs_certificate_bytes
    place = tbs.find(UNCOMPRESSED_POINT + b"\x04")
    return tbs[place + 3 : place + 3 + SM2_POINT_BYTES] if place >= 0 else b""


def verifies(method: str, value: bytes, data: bytes, certificate: x509.Certificate) -> bool:
    """Whether the signature value over `data` is that of the certificate's key."""
    try:
        if method in RSA:
            key = certificate.public_key()
            if not isinstance(key, rsa.RSAPublicKey):
                return False
            key.verify(value, data, padding.PKCS1v15(), RSA[method]())
            return True
        if method == SM2_SM3 and len(value) == 64:
            pair = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
            key = sm_ec.EllipticCurvePublicKey.from_encoded_point(sm_ec.SM2(), sm2_point(certificate))
            key.verify(pair, data, sm_ec.ECDSA(sm_hashes.SM3()))
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    except Exception as error:
        # tongsuopy has its own InvalidSignature and, for keys off the curve, its own InternalError.
        if type(error).__module__.startswith("tongsuopy"):
            return False
        raise
    return False


def judge(root: etree._Element, filed_pem: bytes) -> str:
    """ "" where the signature is good, else sign.invalid or sign.certificate; the message has a signature."""
    signature = root.find(f"{DS}Signature")
    filed = x509.load_pem_x509_certificate(filed_pem) if filed_pem else None
    embedded_node = signature.find(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")
    if embedded_node is not None:
        try:
            certificate = x509.load_der_x509_certificate(decoded(embedded_node))
        except ValueError:
            return "sign.invalid"
    elif filed is not None:
        certificate = filed
    else:
        return "sign.certificate"
    if signature.find(f"{DS}SignedInfo/{DS}CanonicalizationMethod").get("Algorithm") != C14N:
        return "sign.invalid"
    if not covers_the_document(root, signature):
        return "sign.invalid"
    signed_info = signature.find(f"{DS}SignedInfo")
    method = signed_info.find(f"{DS}SignatureMethod").get("Algorithm")
    if not verifies(method, decoded(signature.find(f"{DS}SignatureValue")), canonical(signed_info), certificate):
        return "sign.invalid"
    return "" if certificate == filed else "sign.certificate"
