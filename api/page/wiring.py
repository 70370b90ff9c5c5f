"""Hangs the page into the application."""

from __future__ import annotations

from fastapi import FastAPI

from api.page import (
    entry_views,
    gateway_views,
    gateways,
    history_views,
    home_views,
    keys_views,
    reference,
    repair_views,
    setup_first,
    setup_views,
    setup_workbook,
    signin,
    supplier_bill_views,
    views,
)
from api.page.sessions import Sessions
from api.page.visit import need_session


def install(app: FastAPI) -> None:
    """Routes of the page, and the memory of who is signed in."""
    app.state.sessions = Sessions()
    app.state.arrivals = {}
    app.state.need_session = need_session
    app.include_router(signin.router)
    app.include_router(reference.router)
    app.include_router(gateway_views.router)
    app.include_router(home_views.router)
    app.include_router(views.router)
    app.include_router(entry_views.router)
    app.include_router(supplier_bill_views.router)
    app.include_router(gateways.router)
    app.include_router(keys_views.router)
    app.include_router(repair_views.router)
    app.include_router(setup_first.router)
    app.include_router(setup_workbook.router)
    app.include_router(history_views.router)  # before the names of any kind of what is registered
    app.include_router(setup_views.router)
