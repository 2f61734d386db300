"""A payment code as a picture, for the screen (SVG) and for the printer (PNG).

Only what `decode` accepts is drawn, and the drawing decides about the stamp by what the code
says: a code of the demonstration bank cannot be drawn without `MẪU` under it.
"""

import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from ledger.money import written
from ledger.refusal import Refusal
from market.stalls.banks import DEMONSTRATION_BIN, bank
from market.stalls.vietqr import Reading, decode

DEMONSTRATION_STAMP = "MẪU"
QUIET_MODULES = 4  # What the standard asks to stay empty on every side.
BAND_MODULES = 9  # The stamp's band, below the quiet side.
MOST_BYTES = 1_000  # More makes a code too dense for a cheap phone.

_BAND, _INK = "#7f1d1d", "#ffffff"
_MARKS = {"\u0302": "^", "\u0303": "~"}  # Drawn over a letter which the font lacks.
_WITHOUT_BAR = str.maketrans("đĐ", "dD")


class TooDense(Refusal):
    """The code holds too much to be drawn as a picture that a phone can read."""

    code = "qr_too_dense"


class BadStamp(Refusal):
    """A stamp is one line of 1 to 20 characters."""

    code = "qr_bad_stamp"


class BadScale(Refusal):
    """A picture has 2 to 40 pixels for each square of the code."""

    code = "qr_bad_scale"


@dataclass(frozen=True, slots=True)
class _Picture:
    squares: tuple[tuple[bool, ...], ...]
    """Dark or light, row by row, the quiet sides included."""
    stamp: str | None
    title: str

    @property
    def width(self) -> int:
        return len(self.squares)

    @property
    def height(self) -> int:
        return self.width + (BAND_MODULES if self.stamp else 0)


def svg(payload: str, stamp: str | None = None) -> str:
    """The code as an SVG element, one unit a square, without styles, scripts or identifiers.

    `stamp` stands in a band under the quiet side; a demonstration code always has its own.
    Refuses what `decode` refuses, `TooDense` and `BadStamp`.
    """
    picture = _picture(payload, stamp)
    size = f"{picture.width} {picture.height}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">',
        f"<title>{escape(picture.title)}</title>",
        f'<rect width="{picture.width}" height="{picture.height}" fill="#ffffff"/>',
        f'<path d="{_path(picture)}" fill="#000000" shape-rendering="crispEdges"/>',
    ]
    if picture.stamp:
        letter = min(6.0, picture.width / len(picture.stamp))
        parts += [
            f'<rect y="{picture.width}" width="{picture.width}" height="{BAND_MODULES}"'
            f' fill="{_BAND}"/>',
            f'<text x="{picture.width / 2:g}" y="{picture.width + 4.9 + letter * 0.36:.2f}"'
            f' font-size="{letter:.2f}" font-family="system-ui, sans-serif" font-weight="700"'
            f' text-anchor="middle" fill="{_INK}">{escape(picture.stamp)}</text>',
        ]
    return "".join([*parts, "</svg>"])


def png(payload: str, stamp: str | None = None, scale: int = 8) -> bytes:
    """The code as a PNG file, `scale` pixels (2 to 40) a square.

    `stamp` stands in a band under the quiet side; a demonstration code always has its own.
    Letters that the built-in font cannot show lose their accents. Refuses what `decode`
    refuses, `TooDense`, `BadStamp` and `BadScale`.
    """
    if type(scale) is not int or not 2 <= scale <= 40:
        raise BadScale
    picture = _picture(payload, stamp)
    code = Image.new("L", (picture.width, picture.width))
    code.putdata([0 if dark else 255 for row in picture.squares for dark in row])
    side = picture.width * scale
    sheet = Image.new("RGB", (side, picture.height * scale), _BAND)
    sheet.paste(code.resize((side, side), Image.Resampling.NEAREST), (0, 0))
    if picture.stamp:
        words = _lettering(picture.stamp, side * 9 // 10, BAND_MODULES * scale * 8 // 10)
        left = (side - words.width) // 2
        top = side + (BAND_MODULES * scale - words.height) // 2
        sheet.paste(_INK, (left, top), words)
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()


def _picture(payload: str, stamp: str | None) -> _Picture:
    reading = decode(payload)
    text = payload.strip()
    if len(text.encode()) > MOST_BYTES:
        raise TooDense
    grid = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_MODULES)
    grid.add_data(text, optimize=0)
    grid.make()
    squares = tuple(tuple(bool(dark) for dark in row) for row in grid.get_matrix())
    return _Picture(squares, _stamp(reading, stamp), _title(reading))


def _stamp(reading: Reading, wished: str | None) -> str | None:
    if wished is not None and not (0 < len(wished.strip()) <= 20 and wished.isprintable()):
        raise BadStamp
    wished = wished and unicodedata.normalize("NFC", wished.strip())
    if reading.bin != DEMONSTRATION_BIN or wished == DEMONSTRATION_STAMP:
        return wished
    return f"{DEMONSTRATION_STAMP} · {wished}" if wished else DEMONSTRATION_STAMP


def _title(reading: Reading) -> str:
    known = bank(reading.bin)
    words = ["VietQR", known.short_name if known else reading.bin, reading.account]
    if reading.amount_vnd is not None:
        words.append(written(reading.amount_vnd))
    return " · ".join(words)


def _path(picture: _Picture) -> str:
    """Each run of dark squares in a row as one rectangle."""
    runs = []
    for y, row in enumerate(picture.squares):
        start = None
        for x, dark in enumerate((*row, False)):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
                start = None
    return "".join(runs)


def _lettering(words: str, width: int, height: int) -> Image.Image:
    """`words` as a mask, as large as fits into `width` x `height` pixels."""
    glyphs = [_glyph(letter) for letter in words]
    line = Image.new("L", (sum(glyph.width for glyph in glyphs), glyphs[0].height))
    x = 0
    for glyph in glyphs:
        line.paste(glyph, (x, 0))
        x += glyph.width
    line = line.crop(line.getbbox())
    fit = min(width / line.width, height / line.height)
    return line.resize((max(1, int(line.width * fit)), max(1, int(line.height * fit))))


@lru_cache(maxsize=256)
def _glyph(letter: str) -> Image.Image:
    """One letter, white on black, in a cell as wide as the letter and 180 pixels high."""
    font = ImageFont.load_default(100)
    marks = ""
    if not _shown(letter):
        letter, *rest = list(unicodedata.normalize("NFD", letter.translate(_WITHOUT_BAR)))
        marks = "".join(_MARKS.get(mark, "") for mark in rest)
        marks = marks if len(marks) == len(rest) else ""  # One mark of two is another letter.
        letter = letter if _shown(letter) else "?"
    cell = Image.new("L", (max(1, round(font.getlength(letter))), 180))
    draw = ImageDraw.Draw(cell)
    draw.text((0, 150), letter, 255, font, anchor="ls", stroke_width=2)
    top = int(draw.textbbox((0, 150), letter, font, anchor="ls")[1]) - 4
    for mark in marks:
        left, above, right, below = (int(edge) for edge in font.getbbox(mark))
        sign = Image.new("L", (right - left, below - above))
        ImageDraw.Draw(sign).text((-left, -above), mark, 255, font, stroke_width=2)
        sign = sign.resize((42, 20))
        cell.paste(sign, ((cell.width - sign.width) // 2, top - sign.height))
        top -= sign.height + 3
    return cell


def _shown(letter: str) -> bool:
    """Whether the built-in font has the letter, and not only its box for what it lacks."""
    font = ImageFont.load_default(100)
    return bytes(font.getmask(letter)) != bytes(font.getmask("\U0010fffd"))
