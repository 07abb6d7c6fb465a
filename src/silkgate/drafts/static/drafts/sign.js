// Signs in the browser: the private key is read here, used here, and never sent. Only the signature goes into the form.
"use strict";

(() => {
  const section = document.querySelector("[data-sign]");
  const form = document.getElementById("send");
  // Without WebCrypto (an old browser, or a page that came without TLS) the other way stays.
  if (!section || !form || !window.crypto?.subtle) return;
  section.hidden = false;
  const words = section.dataset;
  const said = document.getElementById("key-said");
  const file = document.getElementById("key");
  const button = section.querySelector("[data-sign-now]");

  const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const tell = (text) => {
    said.textContent = "";
    if (text) said.append(Object.assign(document.createElement("p"), { textContent: text }));
  };

  const readKey = async (pem) => {
    const found = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem);
    if (!found) throw new Error(words.wordNotPem);
    try {
      const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
      return await crypto.subtle.importKey("pkcs8", bytes(found[1].replace(/\s/g, "")), algorithm, false, ["sign"]);
    } catch {
      throw new Error(words.wordNoKey);
    }
  };

  button.addEventListener("click", async () => {
    tell("");
    if (!file.files.length) {
      tell(words.wordChoose);
      file.focus();
      return;
    }
    button.disabled = true;
    document.getElementById("announce").textContent = words.wordBusy;
    try {
      const key = await readKey(await file.files[0].text());
      const value = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, bytes(words.octets));
      form.querySelector("[name=signature]").value = base64(value);
      form.requestSubmit();
    } catch (error) {
      tell(error.message);
      button.disabled = false;
    }
  });
})();
