"""The wing where vendors stand: stalls, their QR codes, and whose money a transfer is."""
