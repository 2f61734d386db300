"""Pictures of codes: a phone reads them, and a demonstration cannot be mistaken for money."""

import io
import re
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from PIL import Image

from ledger.refusal import Refusal
from market.stalls import qr_picture
from market.stalls.qr_fields import field, sealed
from market.stalls.qr_picture import BAND_MODULES, QUIET_MODULES, png, svg
from market.stalls.vietqr import NotVietQr, TransferCode, encode

REAL = encode(TransferCode("970436", "0011012345678", amount_vnd=35_000, memo="CS A12 7F3K"))
DEMONSTRATION = encode(TransferCode("999999", "0011012345678", amount_vnd=35_000))
SVG = "{http://www.w3.org/2000/svg}"


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture)).convert("RGB")


def read_back(picture: bytes) -> str:
    found = zxingcpp.read_barcode(opened(picture))
    assert found is not None, "no reader finds a code in this picture"
    return str(found.text)


def painted(picture: str) -> Image.Image:
    """The code of an SVG, drawn by hand from its path, without the band."""
    root = ET.fromstring(picture)
    path = root.find(f"{SVG}path")
    assert path is not None
    side = int(root.attrib["viewBox"].split()[2])
    sheet = Image.new("L", (side, side), 255)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path.attrib["d"]):
        sheet.paste(0, (int(x), int(y), int(x) + int(width), int(y) + 1))
    return sheet.resize((side * 8, side * 8), Image.Resampling.NEAREST)


def words(picture: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(picture).iter(f"{SVG}text")]


def without_a_band(picture: bytes) -> bool:
    sheet = opened(picture)
    return sheet.width == sheet.height


@pytest.mark.parametrize("scale", [2, 3, 8, 40])
def test_a_printed_code_is_read_back(scale: int) -> None:
    assert read_back(png(REAL, scale=scale)) == REAL


@pytest.mark.parametrize("stamp", [None, "MẪU", "Quầy A12", "W" * 20])
def test_a_stamped_code_is_read_back(stamp: str | None) -> None:
    assert read_back(png(REAL, stamp)) == REAL
    assert read_back(png(DEMONSTRATION, stamp)) == DEMONSTRATION


def test_both_forms_show_the_same_squares() -> None:
    sheet = painted(svg(REAL))

    assert opened(png(REAL)).convert("L").tobytes() == sheet.tobytes()
    assert zxingcpp.read_barcode(sheet).text == REAL


def test_a_name_with_accents_is_read_back() -> None:
    payee = field("00", "A000000727") + field("01", "00069704360103001") + field("02", "QRIBFTTA")
    head = f"000201010211{field('38', payee)}53037045802VN"
    payload = sealed(head + field("59", "Quán Bà Năm"))

    assert read_back(png(payload)) == payload


def test_a_real_code_bears_no_stamp_unless_one_is_asked_for() -> None:
    assert words(svg(REAL)) == []
    assert without_a_band(png(REAL))
    assert words(svg(REAL, "Quầy A12")) == ["Quầy A12"]
    assert not without_a_band(png(REAL, "Quầy A12"))


def test_a_demonstration_code_cannot_be_drawn_without_its_stamp() -> None:
    assert words(svg(DEMONSTRATION)) == ["MẪU"]
    assert words(svg(f" {DEMONSTRATION}\n", "Quầy A12")) == ["MẪU · Quầy A12"]
    assert png(DEMONSTRATION) == png(DEMONSTRATION, "MẪU")
    assert not without_a_band(png(DEMONSTRATION))


def test_the_stamp_stands_below_the_quiet_side() -> None:
    scale = 8
    sheet = opened(png(DEMONSTRATION, scale=scale))
    side, quiet = sheet.width, QUIET_MODULES * scale
    band = sheet.crop((0, side, side, sheet.height))

    assert sheet.height == side + BAND_MODULES * scale
    for box in [
        (0, 0, side, quiet),
        (0, side - quiet, side, side),
        (0, 0, quiet, side),
        (side - quiet, 0, side, side),
    ]:
        assert sheet.crop(box).getcolors() == [(quiet * side, (255, 255, 255))]
    assert len(band.getcolors(10_000) or []) > 2  # Letters on the band.


def test_letters_that_the_font_lacks_lose_their_accents() -> None:
    assert png(REAL, "Đường số 7") == png(REAL, "Duong so 7")
    assert png(REAL, "MẪU") != png(REAL, "MAU")


def test_an_svg_needs_no_style_and_no_script() -> None:
    picture = svg(DEMONSTRATION, "<b>&'\"")

    assert not re.search(r"style|<script|\son\w+=|href|\sid=", picture)
    assert words(picture) == ["MẪU · <b>&'\""]


def test_an_svg_says_what_it_is_to_those_who_cannot_see_it() -> None:
    root = ET.fromstring(svg(REAL))

    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == ("VietQR · Vietcombank · 0011012345678 · 35.000\u00a0₫")


@pytest.mark.parametrize("payload", ["", "https://example.vn", REAL[:-4] + "0000"])
def test_only_payment_codes_are_drawn(payload: str) -> None:
    with pytest.raises(Refusal):
        svg(payload)
    with pytest.raises(Refusal):
        png(payload)


def test_a_receipt_is_not_a_payment_code() -> None:
    with pytest.raises(NotVietQr):
        png("https://example.vn/receipt/1")


@pytest.mark.parametrize("stamp", ["", "  ", "a" * 21, "a\nb", "\x00"])
def test_a_stamp_is_one_short_line(stamp: str) -> None:
    with pytest.raises(qr_picture.BadStamp):
        svg(REAL, stamp)
    with pytest.raises(qr_picture.BadStamp):
        png(DEMONSTRATION, stamp)


@pytest.mark.parametrize("scale", [0, 1, 41, True, 2.5])
def test_a_picture_is_neither_a_speck_nor_a_wall(scale: int) -> None:
    with pytest.raises(qr_picture.BadScale):
        png(REAL, scale=scale)


def test_a_code_too_dense_for_a_phone_is_refused() -> None:
    payee = field("00", "A000000727") + field("01", "00069704360103001") + field("02", "QRIBFTTA")
    head = f"000201010211{field('38', payee)}53037045802VN"
    noise = "".join(field(str(id), "🍜" * 99) for id in range(80, 84))

    with pytest.raises(qr_picture.TooDense):
        svg(sealed(head + noise))
