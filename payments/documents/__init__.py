"""Receipts and credit notes: how tax is shared among charges, and how a document looks on paper."""
