"""The reference of the JSON API, drawn from its own OpenAPI document, without foreign sources."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.openapi import DescribedApp
from api.page.visit import PageRoute, page, request_language
from api.problems import problem_types
from texts import tag

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/docs")
def reference(request: Request) -> HTMLResponse:
    """Every route with its parameters and an example, and every kind of problem; open to anyone."""
    app: DescribedApp = request.app
    language = request_language(request)
    document = app.told(language)
    return page(
        request,
        language,
        "reference.html",
        about=document["info"]["description"],
        groups=grouped(document),
        titles={one["name"]: one["description"] for one in document["tags"]},
        problem_types=problem_types(),
        document_link=f"/openapi.json?language={tag(language)}",
    )


def grouped(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by their tag, in the document's order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag_name = operation.get("tags", [""])[0]
            groups.setdefault(tag_name, []).append(_operation(path, method, operation))
    return groups


def _operation(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return {
        "method": method.upper(),
        "path": path,
        "title": operation["summary"],
        "paragraphs": operation.get("description", "").split("\n\n"),
        "parameters": [
            {
                "name": one["name"],
                "needed": one.get("required", False),
                "text": one.get("description", ""),
            }
            for one in operation.get("parameters", [])
        ],
        "body": _shown(body.get("example")),
        "answer": _shown(_example(operation)),
    }


def _example(operation: dict[str, Any]) -> object:
    for status in ("200", "201", "202"):
        content = operation.get("responses", {}).get(status, {}).get("content", {})
        if "example" in content.get("application/json", {}):
            return content["application/json"]["example"]
    return None


def _shown(example: object) -> str:
    return "" if example is None else json.dumps(example, ensure_ascii=False, indent=2)
