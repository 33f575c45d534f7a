"""A demo organisation: who works where, and whom they serve. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cases.choices import (
    CaseType,
    Channel,
    ContactKind,
    Language,
    NoticeChannel,
    Region,
    Role,
    Stage,
    Tier,
    VipLevel,
)


@dataclass(frozen=True)
class DemoStaff:
    username: str
    name: str
    role: Role
    department: str
    teams: tuple[str, ...] = ()
    language: Language = Language.CHINESE


@dataclass(frozen=True)
class DemoCustomer:
    number: str
    name: str
    contacts: tuple[tuple[ContactKind, str], ...] = ()
    region: str = ""
    vip_level: VipLevel = VipLevel.NONE
    dedicated_agent: str = ""
    stand_in: str = ""
    language: Language = Language.CHINESE
    notes: str = ""


@dataclass(frozen=True)
class DemoRule:
    stage: Stage
    position: int
    team: str
    type: str = ""
    topic: str = ""
    channel: str = ""
    vip_from: VipLevel = VipLevel.NONE


HOTLINE, ONLINE, VIP_DESK, COMPLAINTS = "热线一组", "在线一组", "贵宾专席组", "客诉专家组"
TECHNICAL, DEVELOPERS, LOGISTICS = "技术支持组", "研发专家组", "物流协调组"
RETURNS, REPAIRS, BILLING, QUALITY = "退换货组", "维修组", "账务核查组", "质量分析组"

DEPARTMENTS = {
    "客服部": "Customer service",
    "技术部": "Technology",
    "物流部": "Logistics",
    "售后部": "After-sales",
    "财务部": "Finance",
    "质量部": "Quality",
}

# Name: English name, department, tier.
TEAMS = {
    HOTLINE: ("Hotline team", "客服部", Tier.FRONT_LINE),
    ONLINE: ("Online team", "客服部", Tier.FRONT_LINE),
    VIP_DESK: ("VIP desk", "客服部", Tier.FRONT_LINE),
    COMPLAINTS: ("Complaints specialists", "客服部", Tier.SPECIALISTS),
    TECHNICAL: ("Technical support", "技术部", Tier.SPECIALISTS),
    DEVELOPERS: ("Development experts", "技术部", Tier.EXPERTS),
    LOGISTICS: ("Logistics coordination", "物流部", Tier.SPECIALISTS),
    RETURNS: ("Returns and exchanges", "售后部", Tier.SPECIALISTS),
    REPAIRS: ("Repairs", "售后部", Tier.SPECIALISTS),
    BILLING: ("Billing checks", "财务部", Tier.SPECIALISTS),
    QUALITY: ("Quality analysis", "质量部", Tier.EXPERTS),
}

# Every case of the front line may be sent to a department without a supervisor of its own: then a
# manager takes the second round.
STAFF = (
    DemoStaff("agent", "张*", Role.AGENT, "客服部", (HOTLINE,)),
    DemoStaff("agent2", "李*", Role.AGENT, "客服部", (ONLINE, VIP_DESK)),
    DemoStaff("specialist", "王*", Role.SPECIALIST, "物流部", (LOGISTICS,)),
    DemoStaff("specialist2", "赵*", Role.SPECIALIST, "技术部", (TECHNICAL, DEVELOPERS, QUALITY)),
    DemoStaff("specialist3", "陈*", Role.SPECIALIST, "售后部", (RETURNS, REPAIRS, BILLING)),
    DemoStaff("supervisor", "刘*", Role.SUPERVISOR, "客服部", (COMPLAINTS,)),
    DemoStaff("supervisor2", "杨*", Role.SUPERVISOR, "物流部", (LOGISTICS,)),
    DemoStaff("manager", "吴*", Role.MANAGER, "客服部"),
    DemoStaff("auditor", "郑*", Role.AUDITOR, "质量部"),
    DemoStaff("administrator", "孙*", Role.ADMINISTRATOR, "技术部"),
)

RULES = (
    DemoRule(Stage.INTAKE, 10, VIP_DESK, vip_from=VipLevel.GOLD),
    DemoRule(Stage.INTAKE, 20, HOTLINE, channel=Channel.PHONE),
    DemoRule(Stage.INTAKE, 900, ONLINE),
    DemoRule(Stage.DISPATCH, 10, LOGISTICS, type=CaseType.COMPLAINT, topic="物流延迟"),
    DemoRule(Stage.DISPATCH, 20, QUALITY, type=CaseType.COMPLAINT, topic="产品质量"),
    DemoRule(Stage.DISPATCH, 30, RETURNS, type=CaseType.AFTER_SALES, topic="退换货"),
    DemoRule(Stage.DISPATCH, 40, REPAIRS, type=CaseType.AFTER_SALES, topic="维修"),
    DemoRule(Stage.DISPATCH, 50, BILLING, type=CaseType.CONSULTATION, topic="费用账单"),
    DemoRule(Stage.DISPATCH, 60, TECHNICAL, type=CaseType.CONSULTATION),
    DemoRule(Stage.DISPATCH, 70, DEVELOPERS, type=CaseType.SUGGESTION),
    DemoRule(Stage.DISPATCH, 900, COMPLAINTS),
)


# Nobody answers at this address; in a demonstration what would be sent is caught before.
GATEWAY: dict[str, Any] = {
    "name": "演示短信网关",
    "channel": NoticeChannel.SMS,
    "url": "https://sms.example.com/send",
    "options": {
        "method": "POST",
        "format": "json",
        "body": {"to": "{phone}", "text": "{text}", "key": "{key}"},
        "success": {"field": "code", "values": [0]},
    },
}


def _phone(last: int) -> tuple[ContactKind, str]:
    """A number nobody has: no operator was ever given the segment 154."""
    return ContactKind.PHONE, f"154000{last:05d}"


def _mail(name: str) -> tuple[ContactKind, str]:
    return ContactKind.EMAIL, f"{name}@example.com"


CUSTOMERS = (
    DemoCustomer("C1001", "蒋*", (_phone(1001),), Region.EAST),
    DemoCustomer("C1002", "沈*", (_phone(1002), _mail("shen1002")), Region.NORTH),
    DemoCustomer("C1003", "周*", (_phone(1003), _mail("zhou1003")), Region.EAST),
    DemoCustomer(
        "C1004",
        "徐*",
        (_phone(1004), (ContactKind.WECHAT, "xu_1004")),
        Region.SOUTH,
        VipLevel.PLATINUM,
        "agent2",
        "agent",
        notes="重要客户，来电请先称呼姓氏，承诺时间务必兑现。",
    ),
    DemoCustomer("C1005", "朱*", (_phone(1005),), Region.NORTH),
    DemoCustomer("C1006", "林*", (_phone(1006), _mail("lin1006")), Region.SOUTHWEST),
    DemoCustomer("C1007", "何*", (_mail("he1007"),), Region.CENTRAL),
    DemoCustomer(
        "C1008", "高*", (_phone(1008),), Region.EAST, VipLevel.GOLD, "agent2", "agent", notes="偏好微信联系。"
    ),
    DemoCustomer("C1009", "罗*", (_phone(1009), (ContactKind.WECHAT, "luo_1009")), Region.NORTHEAST),
    DemoCustomer("C1010", "梁*", (_phone(1010),), Region.NORTHWEST, VipLevel.SILVER, "agent", "agent2"),
    DemoCustomer("C1011", "宋*", (_phone(1011),), Region.EAST),
    DemoCustomer("C1012", "唐*", (_phone(1012), _mail("tang1012")), Region.SOUTH),
    DemoCustomer("C1013", "韩*", (_phone(1013),), Region.NORTH),
    DemoCustomer("C1014", "冯*", (_phone(1014),), Region.CENTRAL),
    DemoCustomer("C1015", "曹*", (_phone(1015), _mail("cao1015")), Region.SOUTHWEST),
    # London numbers that the regulator keeps for films and books.
    DemoCustomer(
        "C1016",
        "J*** S****",
        ((ContactKind.PHONE, "+44 20 7946 0116"), _mail("j.s")),
        Region.ABROAD,
        language=Language.ENGLISH,
    ),
)
