"""Search: whole numbers, beginnings of words, any two neighbouring Chinese characters, hostile questions."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cases.models import Case
from cases.searching import fts5_query, search_tokens, tsquery
from tests.factories import CustomerFactory, make_case

pytestmark = pytest.mark.django_db
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
RARE_HAN = st.sampled_from("𠮷㐀龦豈〇")
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)


def found(words: str) -> set[int]:
    return set(Case.objects.search(words).values_list("pk", flat=True))


@FEW
@given(run=st.text(HAN | RARE_HAN, min_size=2, max_size=30), data=st.data())
def test_any_two_neighbours_of_a_chinese_run_are_found(run: str, data: st.DataObject) -> None:
    case = make_case(description=f"abc {run}，后文")
    at = data.draw(st.integers(0, len(run) - 2))
    assert case.pk in found(run[at : at + 2])
    assert case.pk in found(run)


@FEW
@given(text=ANY_TEXT.filter(str.strip))
@example("Straße ﬁne İstanbul ΣΊΣΥΦΟΣ")
@example("é é ½ ² ㎏ ﷺ")
def test_a_case_is_found_by_its_own_words_whatever_they_are(text: str) -> None:
    case = make_case(description=f"开头 {text}")
    for word in text.split():
        if search_tokens(word):
            assert case.pk in found(word[:60])


@FEW
@given(words=st.text(st.characters(exclude_categories=["Cs"]), max_size=250))
@example("'")
@example('"')
@example("' OR 1=1 --")
@example('") UNION SELECT * FROM cases_staff; --')
@example("a AND OR NOT NEAR(b) *")
@example("search_text: x")
@example("a & | ! <-> :* (")
@example("\\")
@example("%_%")
@example("投诉:*'")
@example("\0")
@example("a" * 5000)
def test_no_question_is_an_error(words: str) -> None:
    make_case()
    assert len(found(words)) <= Case.objects.count()
    assert tsquery(words) or not fts5_query(words)


@pytest.mark.parametrize("words", ["", " ", "，。！", "'", "--", "🙂"])
def test_a_question_without_words_finds_nothing(words: str) -> None:
    make_case()
    assert found(words) == set()


def test_numbers_words_and_mixed_questions() -> None:
    customer = CustomerFactory(name="李雷", number="C1001")
    case = make_case(
        customer=customer,
        description="订单显示已签收，但Galaxy手机未收到",
        order_number="SO-2024/778899",
        product="Galaxy S24 Ultra",
        remark="已联系物流",
    )
    other = make_case(description="咨询活动政策")
    every = [
        "签收",
        "galaxy",
        "GALAX",
        "ｇａｌａｘｙ",
        "手机 galaxy",
        "778899",
        "7788",
        "李雷",
        "C1001",
        "物流",
    ]
    every += [case.number, case.number.lower(), "显示已签收", "未收到", "S24 ultra 订单", "签", "李", "到"]
    assert {words: found(words) for words in every} == {words: {case.pk} for words in every}
    for words in ("签到", "galaxy 活动", "laxy", "88990", "订签"):
        assert found(words) == set()
    assert found("活动政策") == {other.pk}


def test_every_word_of_a_long_description_is_found() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(1500))
    case = make_case(description=text)
    assert found(text[-2:]) == found(text[700:702]) == {case.pk}


def test_the_longest_texts_can_be_stored() -> None:
    long = " ".join(f"{n:x}".rjust(60, "\U00010428") for n in range(9000))
    assert make_case(description=long).pk


def test_contact_data_is_not_searched_by_parts() -> None:
    case = make_case()
    case.customer.contacts.create(kind="phone", value="+8613812345678")
    assert found("13812345678") == found("5678") == set()


def test_newest_are_listed_first() -> None:
    cases = [make_case(description="物流延迟") for _number in range(3)]
    assert list(Case.objects.search("物流").newest_first()) == cases[::-1]


def test_a_word_is_cut_alike_in_text_and_question() -> None:
    word = "x" * 100
    case = make_case(description=word)
    assert found(word) == found("x" * 59) == {case.pk}
