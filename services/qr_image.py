"""The picture of a token: a QR code that encodes the bare token."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final, Literal

import qrcode
from PIL.Image import Resampling
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathImage

from services.answers import Image

ImageFormat = Literal["png", "svg"]

QUIET_ZONE: Final = 4  # modules of white around the code, as ISO/IEC 18004 asks


def draw(token: str, form: ImageFormat, size_px: int) -> Image:
    """A square picture of `size_px` pixels on each side; error correction M (15 %)."""
    return _png(token, size_px) if form == "png" else _svg(token, size_px)


def _code(token: str) -> qrcode.QRCode[Any]:
    code: qrcode.QRCode[Any] = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(token)
    code.make(fit=True)
    return code


def _png(token: str, size_px: int) -> Image:
    out = BytesIO()
    picture = _code(token).make_image(image_factory=PilImage).get_image()
    picture.resize((size_px, size_px), Resampling.NEAREST).save(out, "PNG")
    return Image(content_type="image/png", image=out.getvalue())


def _svg(token: str, size_px: int) -> Image:
    picture = _code(token).make_image(image_factory=SvgPathImage)
    root = picture.get_image()
    root.set("width", str(size_px))
    root.set("height", str(size_px))
    return Image(content_type="image/svg+xml", image=picture.to_string())
