"""The component page: every recurring shape once, with its states."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from silkgate.ui import specimens, states, tokens


class SpecimenForm(forms.Form):
    """A form step as the officer meets it."""

    verdict = forms.ChoiceField(
        label="处理 · Decision",
        choices=[("release", "放行 · Release"), ("detain", "扣留 · Detain")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label="理由 · Reason", widget=forms.Textarea(attrs={"rows": 3}), min_length=4)


def components(request: HttpRequest) -> HttpResponse:
    """GET /components: the visual language, looked at in both languages, light and dark."""
    refused_form = SpecimenForm({"verdict": "release", "reason": ""})
    context = {
        "states": states.declaration_states(),
        "message_states": states.message_states(),
        "contrasts": [
            (one, [f"{part / 100:.2f}" for part in (one.light, one.dark, one.least)]) for one in tokens.contrasts()
        ],
        "specimens": specimens,
        "blank_form": SpecimenForm(auto_id="blank_%s"),
        "adding_form": SpecimenForm(auto_id="adding_%s"),
        "refused_form": refused_form,
    }
    return render(request, "ui/components.html", context)


urlpatterns = [path("components", components, name="ui-components")]
