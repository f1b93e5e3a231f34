"""Reads for listings and views: one connection, one state of the database (store layer).

Every listing walks an index in its own order and goes on from a key (`paging.py`), never by OFFSET;
nothing counts over all rows. Functions take a SQLAlchemy connection and an instant; who may see
what is decided above (`lianxi.gateway.access`). The shapes are those of docs/gateway.md.
"""
