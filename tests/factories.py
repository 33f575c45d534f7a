"""Rows for tests. Cases are made through the services, so every one of them has a true history."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import factory
from django.contrib.auth.models import Group
from django.db.models import Model
from factory.django import DjangoModelFactory

from cases.choices import CaseType, Channel, Role, Tier
from cases.models import Case, Customer, CustomerContact, Department, Staff, Team, Topic
from cases.services import register_case

PASSWORD = "a long enough password"
Row = TypeVar("Row", bound=Model)


class RowFactory(DjangoModelFactory[Row]):
    """
    Of rows whose changes are recorded: that they were made is not, for a test begins with what was there.
    """

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Row], *args: Any, **kwargs: Any) -> Row:
        made: Any = model_class(*args, **kwargs)
        made.skip_history_when_saving = True
        made.save(force_insert=True)
        del made.skip_history_when_saving
        return cast("Row", made)


class DepartmentFactory(RowFactory[Department]):
    class Meta:
        model = Department

    name = factory.Sequence("部门{}".format)
    name_en = factory.Sequence("Department {}".format)


class TeamFactory(RowFactory[Team]):
    class Meta:
        model = Team

    name = factory.Sequence("小组{}".format)
    name_en = factory.Sequence("Team {}".format)
    department = factory.SubFactory(DepartmentFactory)
    tier = Tier.FRONT_LINE


class StaffFactory(RowFactory[Staff]):
    """``role`` puts the person into the group of that role, ``teams`` into these teams."""

    class Meta:
        model = Staff
        skip_postgeneration_save = True

    username = factory.Sequence("staff{}".format)
    name = factory.Sequence("员工{}".format)
    email = factory.Sequence("staff{}@example.com".format)
    is_staff = True

    @factory.post_generation
    def role(self: Any, create: bool, extracted: str | None, **kwargs: Any) -> None:
        if extracted:
            group = Group.objects.get(name=Role(extracted).value)
            Staff.groups.through.objects.create(staff=self, group=group)

    @factory.post_generation
    def teams(self: Any, create: bool, extracted: Any, **kwargs: Any) -> None:
        for team in extracted or ():
            Staff.teams.through.objects.create(staff=self, team=team)


class CustomerFactory(RowFactory[Customer]):
    class Meta:
        model = Customer

    number = factory.Sequence(lambda n: f"C{1000 + n}")
    name = factory.Sequence("客户{}".format)


class ContactFactory(RowFactory[CustomerContact]):
    class Meta:
        model = CustomerContact

    customer = factory.SubFactory(CustomerFactory)
    kind = "phone"
    value = factory.Sequence(lambda n: f"+86138{n:08d}")


class TopicFactory(RowFactory[Topic]):
    class Meta:
        model = Topic

    type = CaseType.COMPLAINT
    name = factory.Sequence("主题{}".format)
    name_en = factory.Sequence("Topic {}".format)


def make_case(*, team: Team | None = None, actor: Staff | None = None, **facts: Any) -> Case:
    """A registered case in the state intake, of its own customer unless one is given."""
    given: dict[str, Any] = {
        "channel": Channel.PHONE,
        "type": CaseType.COMPLAINT,
        "description": "订单显示已签收，但未收到货",
        "despite_duplicates": True,
        **facts,
    }
    given.setdefault("customer", None)
    given["customer"] = given["customer"] or CustomerFactory()
    return register_case(actor=actor, team=team or TeamFactory(), **given)
