"""No address deletes anything for good, whoever asks: not a case, a customer or a person, nor their rules."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from cases.models import Case
from tests.site.pages import CASE, MODELS, address
from tests.site.world import World

EVERYBODY = ["agent", "specialist", "supervisor", "manager", "auditor", "administrator", "superuser"]


def counts() -> dict[str, int]:
    models = apps.get_app_config("cases").get_models()
    return {
        model.__name__: model._default_manager.count() for model in models if model.__name__ != "StaffSession"
    }


@pytest.mark.one_database
@pytest.mark.parametrize("name", EVERYBODY)
def test_nobody_deletes_anything(name: str, world: World, client: Client) -> None:
    client.force_login((world.narrow_viewers() | world.wide_viewers())[name])
    before = counts()
    targets: list[tuple[str, str, type[Model]]] = [(f"{CASE}_delete", f"{CASE}_changelist", Case)]
    targets += [(address(model, "delete"), address(model, "changelist"), model) for model in MODELS]
    for delete, changelist, model in targets:
        ids = list(model._default_manager.values_list("pk", flat=True)[:2])
        for pk in ids:
            url = reverse(delete, args=[pk])
            assert client.get(url).status_code in {403, 404}, url
            assert client.post(url, {"post": "yes"}).status_code in {403, 404}, url
        ticked = {"action": "delete_selected", "_selected_action": ids, "post": "yes"}
        client.post(reverse(changelist), ticked)
    assert counts() == before


def test_no_page_knows_a_right_to_delete() -> None:
    """Not even where a superuser is asked for it, nor in an inline."""
    for model, page in admin.site._registry.items():
        assert not page.has_delete_permission.__qualname__.startswith("BaseModelAdmin"), model
        for inline in page.inlines:
            assert not inline.has_delete_permission.__qualname__.startswith("InlineModelAdmin"), inline
