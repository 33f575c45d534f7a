/* Asks once a minute, while the page is looked at, how many notices are unread. */
"use strict";

(() => {
    const EVERY = 60_000; // milliseconds
    const bell = document.querySelector("[data-bell]");
    if (!bell) return;
    const count = bell.querySelector("[data-bell-count]");
    const words = bell.querySelector("[data-bell-words]");

    const ask = async () => {
        if (document.hidden) return;
        // The header says that nobody pressed anything: this alone keeps no session alive.
        const response = await fetch(bell.dataset.bell, { headers: { "X-Background": "1" }, redirect: "error" });
        if (!response.ok) return;
        const told = await response.json();
        count.textContent = told.shown;
        count.hidden = !told.unread;
        words.textContent = bell.title = told.words;
    };

    const quietly = () => ask().catch(() => {});

    let asked = Date.now();
    const again = () => {
        asked = Date.now();
        quietly();
    };
    setInterval(again, EVERY);
    document.addEventListener("visibilitychange", () => {
        if (!document.hidden && Date.now() - asked > EVERY) again();
    });
})();
