// Starts `trapjaw lsp` for the rule files of a window, and stops it with the window.

"use strict";

const { workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

async function activate() {
  const settings = workspace.getConfiguration("trapjaw");
  const docs = settings.get("docs");
  const server = {
    command: settings.get("path") || "trapjaw",
    args: docs ? ["lsp", "--docs", docs] : ["lsp"],
    transport: TransportKind.stdio,
  };
  client = new LanguageClient("trapjaw", "Trapjaw", server, {
    documentSelector: [
      { scheme: "file", language: "trapjaw" },
      { scheme: "untitled", language: "trapjaw" },
    ],
  });
  await client.start();
}

async function deactivate() {
  await client?.stop();
}

module.exports = { activate, deactivate };
