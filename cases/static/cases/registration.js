/* Suggests customers while typing and shows which team the routing rules would choose. */
"use strict";

(() => {
    const form = document.querySelector("[data-registration]");
    if (!form) return;
    const list = form.querySelector("[data-suggestions]");
    const words = form.querySelector("[data-proposal-words]");
    const input = form.elements.customer;
    let asked = 0;

    const after = (milliseconds, action) => {
        let timer;
        return () => {
            clearTimeout(timer);
            timer = setTimeout(() => action().catch(() => {}), milliseconds);
        };
    };

    const get = async (address, parameters) => (await fetch(`${address}?${new URLSearchParams(parameters)}`)).json();

    const choose = (number) => {
        input.value = number;
        list.hidden = true;
        input.focus();
        propose();
    };

    const item = (customer) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = customer.words;
        button.addEventListener("click", () => choose(customer.number));
        const row = document.createElement("li");
        row.append(button);
        return row;
    };

    const suggest = after(250, async () => {
        const mine = ++asked;
        const found = input.value.trim() ? (await get(form.dataset.customers, { q: input.value })).customers : [];
        if (mine !== asked) return;
        list.replaceChildren(...found.map(item));
        list.hidden = !found.length;
    });

    const propose = after(250, async () => {
        const { type, topic, channel, region } = form.elements;
        if (!type.value) return;
        const given = { type: type.value, topic: topic.value, channel: channel.value, region: region.value };
        const told = await get(form.dataset.proposal, { ...given, customer: input.value });
        words.textContent = told.proposal;
        words.hidden = false;
    });

    form.querySelector("[data-preview]").hidden = true;
    input.addEventListener("input", suggest);
    input.addEventListener("keydown", (event) => {
        if (event.key === "Escape") list.hidden = true;
        if (event.key === "ArrowDown") list.querySelector("button")?.focus();
    });
    form.addEventListener("change", propose);
    form.addEventListener("submit", () => {
        setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; }));
    });
    propose();
})();
