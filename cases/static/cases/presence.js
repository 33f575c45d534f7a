/* Says every 30 seconds that this page is open, and shows who else has it open and whether it is out of date. */
"use strict";

(() => {
    const EVERY = 30000;
    const place = document.querySelector("[data-presence]");
    if (!place) return;
    const others = place.querySelector("[data-others]");
    const changed = place.querySelector("[data-changed]");
    const token = place.querySelector("[name=csrfmiddlewaretoken]").value;

    const beat = async () => {
        if (document.hidden) return;
        const headers = { "X-CSRFToken": token, "X-Background": "1" };  // keeps no idle session alive
        const response = await fetch(place.dataset.presence, { method: "POST", headers });
        if (!response.ok || response.redirected) return;
        const told = await response.json();
        others.textContent = told.others;
        others.hidden = !told.others;
        changed.hidden = String(told.version) === place.dataset.version;
    };

    const quietly = () => beat().catch(() => {});

    quietly();
    setInterval(quietly, EVERY);
    document.addEventListener("visibilitychange", quietly);
})();
