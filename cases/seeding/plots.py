"""How made-up cases go: the steps of a tale and the ways they follow one another. Pure."""

from __future__ import annotations

from contextlib import suppress

from cases.choices import (
    CaseType,
    Channel,
    Confirmation,
    Direction,
    Outcome,
    ScoreSource,
    State,
    Urgency,
    WaitingFor,
)
from cases.models import EventKind
from cases.seeding import words
from cases.seeding.rows import SupportRow
from cases.seeding.tale import HOUR, MINUTE, NotYet, Tale, moment
from cases.seeding.texts import one_of
from cases.seeding.world import Desk

ANSWERED_DIRECTLY = {
    CaseType.CONSULTATION.value: 0.75,
    CaseType.COMPLAINT.value: 0.15,
    CaseType.SUGGESTION.value: 0.5,
    CaseType.AFTER_SALES.value: 0.1,
}
EXPIRY = 72 * HOUR  # lifecycle paper 2.2: silence for so long after a delivery archives the case
NEEDED_PROOF = frozenset({CaseType.COMPLAINT.value, CaseType.AFTER_SALES.value})


def tell(tale: Tale, desk: Desk, back: Desk) -> None:
    """The whole story, or as much of it as has happened by now."""
    tale.fact(EventKind.REGISTER, one_of(tale.chance, desk.people), channel=tale.case.channel)
    with suppress(NotYet):
        _live(tale, desk, back)


def _live(tale: Tale, desk: Desk, back: Desk) -> None:
    agent = one_of(tale.chance, desk.people)
    _take(tale, agent)
    if tale.often(0.03):
        _leave(tale, agent, EventKind.WITHDRAW, Outcome.WITHDRAWN, "客户自己已经解决")
    elif tale.case.type == CaseType.SUGGESTION.value and tale.often(0.15):
        _leave(tale, desk.supervisor, EventKind.DECLINE, Outcome.DECLINED, "超出服务范围，已说明原因")
    elif tale.often(ANSWERED_DIRECTLY[tale.case.type]):
        _answer(tale, agent)
        _hear(tale, desk)
    else:
        _hand_over(tale, agent, desk, back)
        _work(tale, one_of(tale.chance, back.people), back)
        _hear(tale, back)


def _take(tale: Tale, agent: int) -> None:
    case = tale.case
    tale.later(tale.about(4 * MINUTE))
    case.state = State.ANALYSIS.value
    tale.give_to(agent)
    tale.fact(EventKind.BEGIN_ANALYSIS, agent)
    tale.later(tale.about(6 * MINUTE, 1.1))
    case.first_response_at = tale.at
    body = one_of(tale.chance, words.FIRST_WORDS)
    tale.fact(EventKind.CONTACT_CUSTOMER, agent, channel=case.channel, message=body)
    tale.say(Direction.OUTBOUND, case.channel, body, agent)
    if tale.often(0.5):
        tale.later(2 * MINUTE)
        case.details_confirmed_at = tale.at
        tale.fact(EventKind.CONFIRM_DETAILS, agent)
    if tale.often(0.05) and case.urgency != Urgency.URGENT.value:
        tale.later(2 * MINUTE)
        was, case.urgency = case.urgency, Urgency.URGENT.value
        tale.fact(EventKind.SET_URGENCY, agent, "涉及资金或人身安全", urgency=case.urgency, was=was)


def _leave(tale: Tale, actor: int, kind: EventKind, outcome: Outcome, note: str) -> None:
    tale.later(tale.about(20 * MINUTE))
    _archive(tale, outcome)
    tale.fact(kind, actor, note)


def _archive(tale: Tale, outcome: Outcome) -> None:
    case = tale.case
    case.state, case.outcome, case.archived_at = State.ARCHIVE.value, outcome.value, tale.at
    tale.round.closed_at = tale.at


def _answer(tale: Tale, agent: int) -> None:
    case, result = tale.case, one_of(tale.chance, words.RESULTS[tale.case.type])
    tale.later(tale.about(12 * MINUTE, 1.1))
    case.state, case.confirmation = State.CONFIRMATION.value, Confirmation.PENDING.value
    tale.round.answered_directly = True
    tale.round.result, tale.round.delivered_at = result, tale.at
    tale.fact(EventKind.ANSWER_DIRECTLY, agent, result=result)


def _hand_over(tale: Tale, agent: int, desk: Desk, back: Desk) -> None:
    """Sent to the specialists, now and then to the wrong ones first."""
    wrong = tale.often(0.04)
    _dispatch(tale, agent, back)
    if not wrong:
        return
    case, specialist = tale.case, one_of(tale.chance, back.people)
    tale.later(tale.about(25 * MINUTE))
    _offer_to(tale, desk)
    case.state, case.bounce_count = State.ANALYSIS.value, 1
    tale.fact(EventKind.SEND_BACK, specialist, "资料不全，请补充订单信息", from_team=back.id)
    tale.later(tale.about(10 * MINUTE))
    tale.give_to(agent)
    tale.fact(EventKind.BEGIN_ANALYSIS, agent)
    _dispatch(tale, agent, back)


def _dispatch(tale: Tale, agent: int, back: Desk) -> None:
    tale.later(tale.about(15 * MINUTE))
    before = tale.case.team_id
    _offer_to(tale, back)
    tale.case.state = State.HANDLING.value
    tale.fact(EventKind.DISPATCH, agent, team=back.id, supporting=[], from_team=before)


def _offer_to(tale: Tale, desk: Desk) -> None:
    case = tale.case
    case.team_id, case.tier, case.handler_id = desk.id, desk.tier, None
    case.accepted_at = case.promised_at = None


def _work(tale: Tale, specialist: int, back: Desk) -> None:
    """From acceptance to delivery."""
    _accept(tale, specialist)
    if tale.round.needs_plan:
        tale.later(tale.about(2 * HOUR))
        tale.round.plan, tale.round.plan_submitted_at = one_of(tale.chance, words.PLANS), tale.at
        tale.fact(EventKind.SUBMIT_PLAN, specialist, plan=tale.round.plan)
    for _ in range(int(tale.chance.random() * 2.4)):
        _report(tale, specialist)
    if tale.often(0.08):
        _support(tale, specialist)
    if tale.often(0.07):
        _wait(tale, specialist)
    _deliver(tale, specialist)


def _accept(tale: Tale, specialist: int) -> None:
    tale.later(tale.about(25 * MINUTE))
    tale.case.accepted_at = tale.at
    tale.case.promised_at = moment(tale.clock + one_of(tale.chance, (4, 8, 24, 24, 48)) * HOUR)
    tale.give_to(specialist)
    tale.fact(EventKind.ACCEPT, specialist, promised_at=f"{tale.case.promised_at}+00:00")


def _report(tale: Tale, specialist: int) -> None:
    tale.later(tale.about(2 * HOUR))
    note, send = one_of(tale.chance, words.PROGRESS), tale.often(0.4)
    if send:
        tale.fact(EventKind.REPORT_PROGRESS, specialist, note, send=True, channel=Channel.PHONE.value)
        tale.say(Direction.OUTBOUND, Channel.PHONE.value, note, specialist)
    else:
        tale.fact(EventKind.REPORT_PROGRESS, specialist, note)
    if tale.often(0.2):
        tale.later(tale.about(40 * MINUTE))
        words_ = one_of(tale.chance, words.CUSTOMER_WORDS)
        tale.fact(EventKind.RECEIVE_MESSAGE, specialist, channel=tale.case.channel, message=words_)
        tale.say(Direction.INBOUND, tale.case.channel, words_, None)


def _support(tale: Tale, specialist: int) -> None:
    """Another team does its part."""
    other = one_of(tale.chance, [desk for desk in tale.world.back if desk.id != tale.case.team_id])
    tale.later(tale.about(30 * MINUTE))
    due = moment(tale.clock + 8 * HOUR)
    request = SupportRow(tale.case.id, tale.round.id, other.id, "请协助核实", specialist, tale.at, due)
    tale.support.append(request)
    tale.fact(EventKind.ASK_SUPPORT, specialist, team=other.id, request=request.request)
    tale.later(tale.about(5 * HOUR))
    helper = one_of(tale.chance, other.people)
    request.result, request.finished_by_id, request.finished_at = "已核实，情况属实", helper, tale.at
    tale.fact(EventKind.FINISH_SUPPORT, helper, result=request.result)


def _wait(tale: Tale, specialist: int) -> None:
    tale.later(tale.about(HOUR))
    awaited = one_of(tale.chance, (WaitingFor.CUSTOMER, WaitingFor.CUSTOMER, WaitingFor.SUPPLIER)).value
    tale.case.waiting_for = awaited
    tale.fact(EventKind.WAIT_FOR, specialist, "等待资料", waiting_for=awaited)
    tale.later(tale.about(14 * HOUR))
    tale.case.waiting_for = ""
    tale.fact(EventKind.RESUME, specialist, waited_for=awaited)


def _deliver(tale: Tale, specialist: int) -> None:
    case, current = tale.case, tale.round
    tale.later(tale.about(5 * HOUR, 1.2))
    case.state, case.confirmation = State.CONFIRMATION.value, Confirmation.PENDING.value
    current.result, current.delivered_at = one_of(tale.chance, words.RESULTS[case.type]), tale.at
    if case.type in NEEDED_PROOF:
        current.proof = f"单号 LP{case.id + 100_000_000}"
    tale.fact(EventKind.DELIVER, specialist, result=current.result, proof=current.proof)


def _hear(tale: Tale, desk: Desk) -> None:
    """The customer's word, or none."""
    fate = tale.chance.random()
    if fate < 0.22:
        tale.later(EXPIRY)
        tale.case.confirmation = Confirmation.UNANSWERED.value
        _archive(tale, Outcome.UNANSWERED)
        tale.fact(EventKind.EXPIRE)
    elif fate < 0.29 and tale.case.round_number == 1:
        _dispute(tale, desk)
        _work(tale, desk.supervisor, desk)
        _hear(tale, desk)
    else:
        _confirm(tale)


def _confirm(tale: Tale) -> None:
    tale.later(tale.about(9 * HOUR))
    score, comment = one_of(tale.chance, (3, 4, 4, 5, 5, 5)), one_of(tale.chance, words.COMMENTS_GOOD)
    _score(tale, score, comment, solved=True)
    tale.case.confirmation = Confirmation.SATISFIED.value
    _archive(tale, Outcome.CONFIRMED)
    tale.fact(EventKind.CONFIRM, None, score=score, comment=comment)


def _dispute(tale: Tale, desk: Desk) -> None:
    tale.later(tale.about(8 * HOUR))
    score, comment = one_of(tale.chance, (1, 1, 2)), one_of(tale.chance, words.COMMENTS_BAD)
    _score(tale, score, comment, solved=False)
    tale.round.closed_at = tale.at
    _offer_to(tale, desk)
    tale.case.state, tale.case.confirmation = State.HANDLING.value, Confirmation.DISSATISFIED.value
    tale.open_round(desk.supervisor)
    tale.give_to(desk.supervisor)
    tale.fact(EventKind.DISPUTE, None, score=score, comment=comment, handler=desk.supervisor)


def _score(tale: Tale, score: int, comment: str, *, solved: bool) -> None:
    current = tale.round
    current.solved, current.score, current.comment = solved, score, comment
    current.score_source = ScoreSource.CUSTOMER.value
