"""allauth's forms with our labels, help and errors: what they check stays theirs."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as codes
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from allauth.socialaccount.forms import SignupForm as SocialSignupForm
from django import forms

from silkgate.kernel.text import Text
from silkgate.ui.words import spoken

_LABELS = {
    "login": Text("用户名或电子邮箱", "User name or e-mail address"),
    "username": Text("用户名", "User name"),
    "email": Text("电子邮箱", "E-mail address"),
    "password": Text("密码", "Password"),
    "password1": Text("新密码", "New password"),
    "password2": Text("再次输入新密码", "New password again"),
    "oldpassword": Text("当前密码", "Current password"),
    "code": Text("验证码", "Code"),
    "name": Text("名称", "Name"),
    "passwordless": Text("可单独用于登录", "Sign in with this alone"),
}
_HELP = {
    "username": Text("3个字符以上，登录时使用。", "Three characters or more. You sign in with it."),
    "password1": Text(
        "至少10个字符，不要使用常见密码，也不要与用户名相近。",
        "Ten characters or more; nothing common and nothing like your user name.",
    ),
    "passwordless": Text(
        "不再输入用户名和密码；设备会用指纹、面容或PIN确认是您本人。",
        "No user name and no password: your device makes sure by fingerprint, face or PIN that it is you.",
    ),
}
_WRONG = {
    "password1": {"required": spoken("请填写密码。", "Password: fill this in.")},
    "password2": {"required": spoken("请再次输入密码。", "Type the password again.")},
    "username": {"min_length": spoken("用户名至少3个字符。", "A user name needs three characters or more.")},
    "email": {"invalid": spoken("邮箱地址不完整，例如name@example.com。", "Give an address, as name@example.com.")},
}
_OPTIONAL = Text("选填。可用于登录。", "Optional. You may sign in with it.")
_NOT_THE_SAME = spoken("两次输入的密码不一致。", "The two passwords are not the same.")


class _Ours(forms.BaseForm):
    """Words of every field; a wrong repetition is told in them too."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for name, field in self.fields.items():
            words = _LABELS.get(name)
            if words is None:
                continue
            field.label = spoken(words.zh, words.en)
            field.error_messages["required"] = spoken(f"请填写{words.zh}。", f"{words.en}: fill this in.")
            field.error_messages |= _WRONG.get(name, {})
            field.widget.attrs.pop("placeholder", None)
            told = _OPTIONAL if name == "email" and not field.required else _HELP.get(name)
            field.help_text = spoken(told.zh, told.en) if told else ""

    def clean(self) -> Any:
        """As allauth does, then in our words."""
        cleaned = super().clean()
        if self.has_error("password2") and "password2" in self.data and self.data["password2"]:
            del self.errors["password2"]
            self.add_error("password2", _NOT_THE_SAME)
        return cleaned


class SignIn(_Ours, account.LoginForm):
    """User name or e-mail address, and password."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["login"].widget.attrs |= {"id": "id_username", "autocomplete": "username", "autocapitalize": "none"}


class SignUp(_Ours, account.SignupForm):
    """A new person, whose password is the first one."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["password1"].label = spoken("密码", "Password")
        self.fields["password2"].label = spoken("再次输入密码", "Password again")


class SignUpFromProvider(_Ours, SocialSignupForm):
    """A new person whom an outside identity provider knows, where their name or address is taken here."""


class ChangePassword(_Ours, account.ChangePasswordForm):
    """The old one and a new one."""


class SetPassword(_Ours, account.SetPasswordForm):
    """The first one, of somebody who has come from outside."""


class ResetPassword(_Ours, account.ResetPasswordForm):
    """Where to send the link."""


class NewPassword(_Ours, account.ResetPasswordKeyForm):
    """After the link was followed."""


class ProveByPassword(_Ours, account.ReauthenticateForm):
    """Before something that matters."""


class ProveByCode(_Ours, codes.AuthenticateForm):
    """While signing in."""


class ProveAgainByCode(_Ours, codes.ReauthenticateForm):
    """Before something that matters."""


class ActivateTotp(_Ours, ActivateTOTPForm):
    """The first code that the app shows."""


class AddPasskey(_Ours, AddWebAuthnForm):
    """A name; the browser adds the key."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["passwordless"].initial = True


class NamePasskey(_Ours, EditWebAuthnForm):
    """Another name."""
