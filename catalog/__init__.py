"""Goods: OCOP products, their lots and where they are sold."""
