// The page: the console as its documentation has it built, with pages so short that there are several of them.
import React from "react";
import ReactDOM from "react-dom";
import KintoAdmin from "kinto-admin";

// Where the service serves the console, it is for this service alone.
const [, service] = window.location.href.match(/^(.*\/v1\/)admin\//) ?? [];
const settings = { singleServer: service, maxPerPage: 3, sidebarMaxListedCollections: 10 };

ReactDOM.render(React.createElement(KintoAdmin, { settings }), document.getElementById("console"));
