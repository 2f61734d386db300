"""The front page: what this is."""

from flask import Blueprint

front = Blueprint("front", __name__)

PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chợ Số</title>
</head>
<body>
<main>
<h1>Chợ Số</h1>
<p>Đây là máy chủ của chợ không dùng tiền mặt: khách quét mã VietQR, tiền vào thẳng tài khoản
của người bán, và sổ chung ghi lại những gì ngân hàng báo.</p>
<p>Chợ Số không giữ tiền của ai. Các trang cho người bán, người mua và kiểm toán sẽ có ở đây.</p>
<p lang="en">This is a cashless market's server. Money goes from bank to bank; an open book records
what the banks report.</p>
</main>
</body>
</html>
"""


@front.get("/")
def what_this_is() -> str:
    """For whoever opens the address in a browser."""
    return PAGE
