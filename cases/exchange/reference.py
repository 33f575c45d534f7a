"""
What a file of customers, departments, teams or topics contains, for django-import-export.

A row is matched by its natural key among the rows the person may see, every field is checked as a form
would, and no field decides about rights. Contacts are added, never taken away; they leave the system masked
unless somebody gave a reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import ForeignKeyWidget

from cases.choices import ContactKind
from cases.contacts import mask_contact, normal_contact
from cases.exceptions import InvalidInput
from cases.models import Customer, CustomerContact, Department, Staff, Team, Topic
from cases.models.customer import CUSTOMER_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable

SEPARATOR = ";"
MASK = "*"
NUMBER_HINT = _("A customer number is C and digits, like C1001.")
CONTACT_COLUMNS = {"phone": ContactKind.PHONE, "email": ContactKind.EMAIL}


class KnownRow(ForeignKeyWidget):
    """A row named by its natural key; an unknown one is an error of this cell."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Model | None:
        text = str(value or "").strip()
        if not text:
            return None
        found: Model | None = self.get_queryset(text, row).filter(**{self.field: text}).first()
        if found is None:
            raise ValueError(_("“%(value)s” is not known.") % {"value": text})
        return found


class ScopedResource(ModelResource):
    """Rows the person may see and nothing else; ``staff`` None sees none."""

    def __init__(self, staff: Staff | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staff = staff

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self._meta.model._default_manager.all()
        opts = self._meta.model._meta
        may_view = self.staff and self.staff.has_perm(f"{opts.app_label}.view_{opts.model_name}")
        return rows if may_view else rows.none()

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """A column we do not know is refused: what it was meant to do would silently not happen."""
        known = {field.column_name for field in self.get_import_fields()} | self.further_columns()
        if unknown := [name for name in dataset.headers or [] if name not in known]:
            raise ValueError(
                _("Unknown columns: %(unknown)s. Known are: %(known)s.")
                % {"unknown": ", ".join(unknown), "known": ", ".join(sorted(known))}
            )

    def further_columns(self) -> set[str]:
        return set()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        for name, value in row.items():
            row[name] = value.strip() if isinstance(value, str) else value

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True


class DepartmentResource(ScopedResource):
    class Meta(ScopedResource.Meta):
        model = Department
        name = _("Departments")
        fields = ("name", "name_en", "active")
        import_id_fields = ("name",)


class TeamResource(ScopedResource):
    department = Field("department", "department", KnownRow(Department, "name"))

    class Meta(ScopedResource.Meta):
        model = Team
        name = _("Teams")
        fields = ("name", "name_en", "department", "tier", "active")
        import_id_fields = ("name",)


class TopicResource(ScopedResource):
    class Meta(ScopedResource.Meta):
        model = Topic
        name = _("Topics")
        fields = ("type", "name", "name_en", "needs_proof", "position", "active")
        import_id_fields = ("type", "name")


class CustomerResource(ScopedResource):
    dedicated_agent = Field("dedicated_agent", "dedicated_agent", KnownRow(Staff, "username"))
    stand_in = Field("stand_in", "stand_in", KnownRow(Staff, "username"))
    phone = Field(column_name="phone", readonly=True)
    email = Field(column_name="email", readonly=True)

    class Meta(ScopedResource.Meta):
        model = Customer
        name = _("Customers")
        fields = (
            "number",
            "name",
            "region",
            "vip_level",
            "phone",
            "email",
            "dedicated_agent",
            "stand_in",
            "language",
            "notes",
            "active",
        )
        import_id_fields = ("number",)

    def __init__(self, staff: Staff | None = None, *, unmasked: bool = False, **kwargs: Any) -> None:
        super().__init__(staff, **kwargs)
        self.unmasked = unmasked
        self.new_contacts: list[tuple[str, str]] = []

    def further_columns(self) -> set[str]:
        return set(CONTACT_COLUMNS)

    def filter_export(self, queryset: QuerySet[Customer], **kwargs: Any) -> QuerySet[Customer]:
        return queryset.select_related("dedicated_agent", "stand_in").prefetch_related("contacts")

    def dehydrate_phone(self, customer: Customer) -> str:
        return self._shown(customer, ContactKind.PHONE)

    def dehydrate_email(self, customer: Customer) -> str:
        return self._shown(customer, ContactKind.EMAIL)

    def _shown(self, customer: Customer, kind: str) -> str:
        contacts = [contact for contact in customer.contacts.all() if contact.kind == kind]
        return SEPARATOR.join(contact.value if self.unmasked else contact.masked for contact in contacts)

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        row["number"] = str(row.get("number") or "").upper()
        if not re.fullmatch(CUSTOMER_NUMBER, row["number"]):
            raise ValidationError({"number": NUMBER_HINT})
        known = set(
            CustomerContact.objects.filter(customer__number=row["number"]).values_list("kind", "value")
        )
        self.new_contacts = [
            contact for column in CONTACT_COLUMNS for contact in _contacts(row, column, known)
        ]

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        if self.new_contacts:
            return False
        return bool(super().skip_row(instance, original, row, import_validation_errors))

    def after_save_instance(self, instance: Customer, row: Any, **kwargs: Any) -> None:
        for kind, value in self.new_contacts:
            contact = CustomerContact(customer=instance, kind=kind, value=value)
            contact.full_clean()
            contact.save()


def _contacts(row: Any, column: str, known: set[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """What the cell adds to the contacts the customer has; a mask of one of them adds nothing."""
    kind = CONTACT_COLUMNS[column]
    masks = {mask_contact(found, value) for found, value in known if found == kind}
    for text in filter(None, (part.strip() for part in str(row.get(column) or "").split(SEPARATOR))):
        if text in masks:
            continue
        contact = (str(kind), _contact(column, text))
        if contact not in known:
            known.add(contact)
            yield contact


def _contact(column: str, text: str) -> str:
    if MASK in text:
        raise ValidationError({column: _("This contact is masked and cannot be read in. Leave it out.")})
    try:
        return normal_contact(CONTACT_COLUMNS[column], text)
    except InvalidInput as error:
        raise ValidationError({column: error.message}) from None
