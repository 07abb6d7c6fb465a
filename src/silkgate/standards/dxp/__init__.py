"""DXP envelopes (海关数据交换报文 DxpMsg): what customs' exchange wraps business messages in."""

from silkgate.standards.dxp.envelope import NAMESPACE, Envelope, EnvelopeRefused, is_envelope, unwrap, wrap

__all__ = ["NAMESPACE", "Envelope", "EnvelopeRefused", "is_envelope", "unwrap", "wrap"]
