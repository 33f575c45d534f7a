"""The words every installation starts with, in both languages; edited in the admin."""

from __future__ import annotations

from typing import Any

from cases.choices import Audience

# (subject, text) in Chinese and in English.
Phrase = tuple[str, str, str, str]

CASE_ZH = "服务单 {number}（{subject}，{urgency}），第 {round} 轮，{team}。"
CASE_EN = "Case {number} ({subject}, {urgency}), round {round}, {team}."
PAGE = "\n{page}"


def _staff(subject: str, text: str, subject_en: str, text_en: str) -> Phrase:
    """What staff read ends with the case and the address of its page."""
    return (
        f"{{number}} {subject}",
        f"{text}\n\n{CASE_ZH}{PAGE}",
        f"{{number}} {subject_en}",
        f"{text_en}\n\n{CASE_EN}{PAGE}",
    )


def _customer(subject: str, text: str, subject_en: str, text_en: str) -> Phrase:
    return (
        subject,
        f"尊敬的{{first_name}}：\n\n{text}\n\n服务单号：{{number}}",
        subject_en,
        f"Dear {{first_name}},\n\n{text_en}\n\nCase number: {{number}}",
    )


TO_STAFF: dict[str, Phrase] = {
    "event": _staff(
        "{event}",
        "{who} 于 {when}：{event}。\n{note}",
        "{event}",
        "{who}, {when}: {event}.\n{note}",
    ),
    "register": _staff(
        "新登记，待认领",
        "新的服务单等待认领。\n{description}",
        "registered, unclaimed",
        "A new case waits to be claimed.\n{description}",
    ),
    "dispatch": _staff(
        "派给 {team}，待接单",
        "{who} 已派给 {team}，请在 {by} 前接单并承诺完成时间。\n{description}",
        "dispatched to {team}",
        "{who} dispatched it to {team}. Accept it by {by} and promise a completion time.\n{description}",
    ),
    "reassign": _staff(
        "转由 {handler} 处理",
        "{who} 已转给 {handler}，请在 {by} 前接单。\n原因：{note}",
        "reassigned to {handler}",
        "{who} reassigned it to {handler}. Accept it by {by}.\nReason: {note}",
    ),
    "send_back": _staff(
        "被退回",
        "{who} 退回了服务单，请重新分析并派单。\n原因：{note}",
        "sent back",
        "{who} sent it back. Analyse it again and dispatch it.\nReason: {note}",
    ),
    "ask_support": _staff(
        "请求协办",
        "{who} 请求协办：\n{note}",
        "support asked for",
        "{who} asks for support:\n{note}",
    ),
    "finish_support": _staff(
        "协办完成",
        "{who} 已完成协办。\n{note}",
        "support finished",
        "{who} finished the support.\n{note}",
    ),
    "waive_support": _staff(
        "协办已取消",
        "{who} 取消了协办。\n原因：{note}",
        "support waived",
        "{who} waived the support.\nReason: {note}",
    ),
    "dispute": _staff(
        "客户不满意，进入二次处理",
        "客户对结果不满意，由 {handler} 负责第 {round} 轮，请在 {by} 前联系客户，24 小时内提交改进方案。\n"
        "评分：{score}，客户意见：{comment}",
        "customer not satisfied, second handling",
        "The customer is not satisfied. {handler} takes round {round}: call the customer by {by} and submit "
        "an improvement plan within 24 hours.\nScore: {score}, comment: {comment}",
    ),
    "remind": _staff("催办", "{who} 催办：\n{note}", "reminder", "{who} reminds you:\n{note}"),
    "receive_message": _staff(
        "客户来信",
        "客户说：\n{note}",
        "message from the customer",
        "The customer says:\n{note}",
    ),
    "reopen": _staff(
        "重新打开",
        "{who} 重新打开了服务单。\n原因：{note}",
        "reopened",
        "{who} reopened the case.\nReason: {note}",
    ),
    "set_urgency": _staff(
        "紧急程度升为{urgency}",
        "{who} 把紧急程度升为{urgency}。\n原因：{note}",
        "urgency raised to {urgency}",
        "{who} raised the urgency to {urgency}.\nReason: {note}",
    ),
    "confirm": _staff(
        "客户已确认",
        "客户已确认满意。\n评分：{score}，客户意见：{comment}",
        "confirmed by the customer",
        "The customer is satisfied.\nScore: {score}, comment: {comment}",
    ),
    "change_word": _staff(
        "客户修改了评价",
        "客户修改了评价。\n评分：{score}，客户意见：{comment}",
        "customer changed the answer",
        "The customer changed the answer.\nScore: {score}, comment: {comment}",
    ),
    "refuse_action": _staff(
        "系统无法自动处理，请人工处理",
        "系统本应自动处理，但未能完成：\n{note}",
        "the system could not act",
        "The system should have acted and could not:\n{note}",
    ),
    "escalate": _staff(
        "{clock}：{late}",
        "{clock}已到 {percent}%，{late}，期限 {due}。处理责任人：{handler}。",
        "{clock}: {late}",
        "{clock} has reached {percent} %: {late}, due {due}. Handler: {handler}.",
    ),
    "escalate.triage": _staff(
        "分析派单：{late}",
        "服务单尚未派单或答复，{late}，期限 {due}；到期后系统自动派单。",
        "triage: {late}",
        "Nobody has dispatched or answered the case: {late}, due {due}. Then the system dispatches it.",
    ),
    "escalate.first_response": _staff(
        "首次响应：{late}",
        "客户尚未得到首次响应，{late}，期限 {due}。",
        "first response: {late}",
        "The customer has had no first response: {late}, due {due}.",
    ),
    "escalate.retention": _staff(
        "保存期限已到",
        "服务单的保存期限已于 {due} 届满，可以清除。",
        "retention has ended",
        "The case had to be kept until {due} and may be purged now.",
    ),
    "absence": _staff(
        "{absent} 不在，已通知 {stand_in}",
        "{absent} 不在岗，“{event}”的通知已转给 {stand_in}。",
        "{absent} is away, {stand_in} was told",
        "{absent} is away. The notice “{event}” went to {stand_in} instead.",
    ),
    "digest": (
        "{count} 条通知",
        "您有 {count} 条通知：\n\n{list}",
        "{count} notices",
        "You have {count} notices:\n\n{list}",
    ),
    "unreachable": _staff(
        "无法通知客户，请人工联系",
        "邮件和短信都无法送达客户，“{event}”未能通知客户，请用其他方式告知。",
        "the customer cannot be reached",
        "The customer can be reached neither by e-mail nor by text message and was not told of "
        "“{event}”. Tell them another way.",
    ),
}
TO_CUSTOMERS: dict[str, Phrase] = {
    "event": _customer(
        "您的服务单 {number} 有新进展",
        "您的服务单有新进展，可在此查看：\n{link}",
        "News about your case {number}",
        "There is news about your case. See it here:\n{link}",
    ),
    "dispatch": _customer(
        "您的服务单 {number} 已转交 {team}",
        "您的问题已转交 {team} 处理，{team} 的同事会在 {by} 前接手，并与您联系。\n进展可在此查看：\n{link}",
        "Your case {number} is with {team}",
        "Your request is now with {team}. A colleague of {team} will take it over by {by} and call you.\n"
        "See how it goes here:\n{link}",
    ),
    "deliver": _customer(
        "您的服务单 {number} 已处理，请确认",
        "您的问题已处理。\n结果：{result}\n凭证：{proof}\n\n请告诉我们问题是否解决：\n{link}",
        "Your case {number}: please confirm the result",
        "Your request has been dealt with.\nResult: {result}\nProof: {proof}\n\n"
        "Please tell us whether it is solved:\n{link}",
    ),
    "answer_directly": _customer(
        "您的服务单 {number} 已答复，请确认",
        "我们的答复：{result}\n\n请告诉我们问题是否解决：\n{link}",
        "Your case {number}: please confirm our answer",
        "Our answer: {result}\n\nPlease tell us whether it is solved:\n{link}",
    ),
    "dispute": _customer(
        "您的服务单 {number} 正在重新处理",
        "很抱歉上次的结果没有让您满意。{handler} 会在 {by} 前给您来电，重新处理。\n进展可在此查看：\n{link}",
        "Your case {number} is being handled again",
        "We are sorry that the result did not satisfy you. {handler} will call you by {by} and "
        "handle it again.\n"
        "See how it goes here:\n{link}",
    ),
    "escalate.confirmation_reminder": _customer(
        "请确认服务单 {number} 的处理结果",
        "您的问题已处理，还没有收到您的确认。\n结果：{result}\n\n"
        "请在 {until} 前告诉我们问题是否解决：\n{link}",
        "Please confirm the result of case {number}",
        "Your request has been dealt with, and we have not heard from you yet.\nResult: {result}\n\n"
        "Please tell us by {until} whether it is solved:\n{link}",
    ),
    "expire": _customer(
        "您的服务单 {number} 已归档",
        "我们没有收到您的确认，服务单已归档。如果问题没有解决，请告诉我们：\n{link}",
        "Your case {number} has been archived",
        "We have not heard from you, so the case has been archived. "
        "If it is not solved, please tell us:\n{link}",
    ),
    "confirm": _customer(
        "感谢您的评价",
        "感谢您确认服务单的处理结果。",
        "Thank you for your answer",
        "Thank you for confirming the result of your case.",
    ),
}
# Robots stand where many people read: no words of customers, no names of theirs.
TO_ROBOTS: dict[str, Phrase] = {
    "event": (
        "{number} {event}",
        "{event}：{number}（{subject}，{urgency}）\n{team}，处理责任人：{handler}\n{when}\n{page}",
        "{number} {event}",
        "{event}: {number} ({subject}, {urgency})\n{team}, handler: {handler}\n{when}\n{page}",
    ),
    "escalate": (
        "{number} {clock}：{late}",
        "{clock}：{late}，期限 {due}\n{number}（{subject}，{urgency}）\n"
        "{team}，处理责任人：{handler}\n{page}",
        "{number} {clock}: {late}",
        "{clock}: {late}, due {due}\n{number} ({subject}, {urgency})\n{team}, handler: {handler}\n{page}",
    ),
}
PHRASES: dict[tuple[str, str], Phrase] = {
    **{(situation, Audience.STAFF.value): words for situation, words in TO_STAFF.items()},
    **{(situation, Audience.CUSTOMER.value): words for situation, words in TO_CUSTOMERS.items()},
    **{(situation, Audience.ROBOT.value): words for situation, words in TO_ROBOTS.items()},
}


def ensure_phrases(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
    phrases = apps.get_model("cases", "PhraseTemplate").objects
    for (situation, audience), (subject, body, subject_en, body_en) in PHRASES.items():
        words = {"subject": subject, "body": body, "subject_en": subject_en, "body_en": body_en}
        phrases.get_or_create(situation=situation, audience=audience, defaults=words)
