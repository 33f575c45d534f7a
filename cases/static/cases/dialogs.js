/* Transition dialogs, quick moments and narrowed choices. Without this script every link is a page of its own. */
"use strict";

(() => {
    const HEADER = "X-Dialog";
    const SHOWN = "[data-transition] input:not([type=hidden]), [data-transition] select, [data-transition] textarea";

    const fillMoment = (event) => {
        const button = event.target.closest("[data-fill]");
        if (!button) return;
        const input = document.getElementById(button.parentElement.dataset.quickFor);
        input.value = button.dataset.fill;
        input.focus();
    };

    const narrow = (select) => {
        const ruler = select.form.elements[select.dataset.narrowedBy];
        if (!ruler) return;
        for (const option of select.options) {
            const fits = !option.value || !ruler.value || option.dataset.type === ruler.value;
            option.hidden = option.disabled = !fits;
            if (!fits && option.selected) select.value = "";
        }
    };

    const enliven = (root) => {
        root.querySelectorAll("[data-quick-for]").forEach((buttons) => { buttons.hidden = false; });
        root.querySelectorAll("select[data-narrowed-by]").forEach((select) => {
            const ruler = select.form.elements[select.dataset.narrowedBy];
            if (ruler) ruler.addEventListener("change", () => narrow(select));
            narrow(select);
        });
    };

    const dialog = document.getElementById("transition-dialog");

    /* What came is not the dialog: the session has ended, or something broke. The page itself can say so. */
    const isDialog = (response) => response.headers.get(HEADER) !== null;

    const fill = (html) => {
        dialog.innerHTML = html;
        dialog.setAttribute("aria-labelledby", "transition-title");
        enliven(dialog);
        if (!dialog.open) dialog.showModal();
        const wrong = dialog.querySelector(".errors input, .errors select, .errors textarea");
        (wrong || dialog.querySelector(SHOWN) || dialog.querySelector("button, a"))?.focus();
    };

    const open = async (link) => {
        const response = await fetch(link.href, { headers: { [HEADER]: "1" } });
        if (isDialog(response)) fill(await response.text());
        else window.location.assign(link.href);
    };

    const complain = () => {
        const old = dialog.querySelector("[data-complaint]");
        if (old) old.remove();
        const words = document.createElement("p");
        words.className = "bh-notice bh-notice-bad";
        words.dataset.complaint = "";
        words.setAttribute("role", "alert");
        words.textContent = dialog.dataset.broken;
        dialog.querySelector("form").prepend(words);
    };

    const send = async (form) => {
        const buttons = form.querySelectorAll("button[type=submit]");
        const body = new FormData(form);
        buttons.forEach((button) => { button.disabled = true; });
        try {
            const response = await fetch(form.action, { method: "POST", headers: { [HEADER]: "1" }, body });
            const target = response.headers.get("X-Location");
            if (target) window.location.assign(target);
            else if (isDialog(response)) fill(await response.text());
            else complain();
        } catch {
            complain();
        }
        buttons.forEach((button) => { button.disabled = false; });
    };

    document.addEventListener("click", (event) => {
        fillMoment(event);
        if (!dialog) return;
        const link = event.target.closest("a[data-dialog]");
        if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
            event.preventDefault();
            open(link).catch(() => window.location.assign(link.href));
        } else if (event.target.closest("[data-close]") && dialog.open) {
            event.preventDefault();
            dialog.close();
        }
    });

    /* Links that open a dialog are buttons to a screen reader, so the space bar must press them too. */
    document.addEventListener("keydown", (event) => {
        if (event.key === " " && event.target.matches?.("a[data-dialog]")) {
            event.preventDefault();
            event.target.click();
        }
    });

    if (dialog) {
        dialog.addEventListener("submit", (event) => {
            event.preventDefault();
            send(event.target);
        });
    }
    enliven(document);
})();
