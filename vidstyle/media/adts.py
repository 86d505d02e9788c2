"""ADTS headers: AAC codec parameters for containers that need them before the first packet."""

SYNC = 0xFFF  # first 12 bits of a header


def audio_specific_config(packet: bytes) -> bytes | None:
    """AudioSpecificConfig (ISO/IEC 14496-3) of an AAC packet, 2 bytes; None without ADTS header."""
    if len(packet) < 7 or int.from_bytes(packet[:2]) >> 4 != SYNC:
        return None
    object_type = (packet[2] >> 6) + 1
    rate_index = packet[2] >> 2 & 15
    channels = (packet[2] & 1) << 2 | packet[3] >> 6
    return (object_type << 11 | rate_index << 7 | channels << 3).to_bytes(2)
