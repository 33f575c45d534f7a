// The desk refreshes itself once a minute while it is looked at, and keeps the focus where it was.
(() => {
    const EVERY = 60_000; // milliseconds
    const desk = document.getElementById("desk");
    const stale = document.getElementById("desk-stale");
    if (!desk) return;

    const focusedKey = () => (desk.contains(document.activeElement) ? document.activeElement.dataset.key : undefined);

    const show = (html) => {
        const key = focusedKey();
        desk.innerHTML = html;
        if (key) desk.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    };

    const refresh = async () => {
        if (document.hidden) return;
        try {
            // The header says that nobody pressed anything: a refresh alone keeps no session alive.
            const answer = await fetch(desk.dataset.url, {
                headers: { "X-Background": "1" },
                redirect: "error",
            });
            if (!answer.ok) throw new Error(String(answer.status));
            show(await answer.text());
            stale.hidden = true;
        } catch {
            stale.hidden = false;
        }
    };

    setInterval(refresh, EVERY);
    let hiddenSince = 0;
    document.addEventListener("visibilitychange", () => {
        if (document.hidden) hiddenSince = Date.now();
        else if (Date.now() - hiddenSince > EVERY) refresh();
    });
})();
