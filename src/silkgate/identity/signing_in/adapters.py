"""What django-allauth asks its site for, answered in our words and both languages."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from silkgate.identity.signing_in import factors
from silkgate.ui.words import spoken

_WRONG = spoken(
    "用户名或密码不正确，请检查大小写。", "The user name or the password is wrong. Check capital letters and try again."
)
_WRONG_CODE = spoken("验证码不正确或已失效，请输入最新的验证码。", "The code is wrong or too old. Enter the newest.")
_TOO_MANY = spoken("尝试次数过多，请五分钟后再试。", "Too many attempts. Try again in five minutes.")
_EMAIL_TAKEN = spoken(
    "该电子邮箱已有账号，请直接登录，或换一个邮箱。",
    "This e-mail address has an account. Sign in, or give another.",
)
_LINK_IT = spoken(
    "该电子邮箱已有账号。请先用密码登录，再在“登录与安全”中关联。",
    "This e-mail address has an account. Sign in with its password and link the outside account there.",
)

_TOLD = {
    "account/messages/password_changed.txt": spoken("密码已修改。", "Your password was changed."),
    "account/messages/password_set.txt": spoken("密码已设置。", "Your password was set."),
    "account/messages/email_confirmation_sent.txt": spoken(
        "已发送确认邮件，请查收。", "A message was sent to you. Follow the link in it to confirm your address."
    ),
    "account/messages/email_confirmed.txt": spoken("电子邮箱已确认。", "Your e-mail address is confirmed."),
    "account/messages/email_confirmation_failed.txt": spoken(
        "该邮箱已由另一账号确认。", "Another account has confirmed this address."
    ),
    "mfa/messages/totp_activated.txt": spoken("验证器已启用。", "Your authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": spoken("验证器已停用。", "The authenticator app was removed."),
    "mfa/messages/recovery_codes_generated.txt": spoken(
        "已生成新的备用码，旧的不再有效。", "New recovery codes were made; the old ones no longer work."
    ),
    "mfa/messages/webauthn_added.txt": spoken("通行密钥已添加。", "The passkey was added."),
    "mfa/messages/webauthn_removed.txt": spoken("通行密钥已移除。", "The passkey was removed."),
    "socialaccount/messages/account_connected.txt": spoken("已关联统一身份认证。", "The outside account was linked."),
    "socialaccount/messages/account_connected_other.txt": spoken(
        "该身份已关联另一账号。", "That outside account is linked to another account here."
    ),
}
"""What is said after something was done. What is not named here (signed in, signed out) shows by itself."""

_WAYS = {
    "reauthenticate": spoken("用密码确认", "Confirm with your password"),
    "mfa_reauthenticate": spoken("用验证码或备用码确认", "Confirm with a code"),
    "mfa_reauthenticate:webauthn": spoken("用通行密钥确认", "Confirm with a passkey"),
}


class Accounts(DefaultAccountAdapter):
    """People's accounts."""

    error_messages: ClassVar = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": spoken(
            "该账号已停用，请联系管理员。", "This account is no longer active; ask the administrator."
        ),
        "email_password_mismatch": _WRONG,
        "username_password_mismatch": _WRONG,
        "invalid_login": _WRONG,
        "email_taken": _EMAIL_TAKEN,
        "username_taken": spoken("该用户名已被使用，请换一个。", "This user name is taken. Choose another one."),
        "username_blacklisted": spoken("不能使用该用户名，请换一个。", "Choose another user name."),
        "too_many_login_attempts": _TOO_MANY,
        "rate_limited": _TOO_MANY,
        "incorrect_code": _WRONG_CODE,
        "incorrect_password": spoken("密码不正确。", "The password is wrong."),
        "enter_current_password": spoken("当前密码不正确。", "The current password is wrong."),
        "invalid_password_reset": spoken("链接已失效，请重新申请。", "The link no longer works. Ask for a new one."),
        "invalid_or_expired_key": spoken("链接已失效，请重新申请。", "The link no longer works. Ask for a new one."),
        "unknown_email": spoken("没有使用该邮箱的账号。", "No account has this e-mail address."),
    }

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say it in our words; be silent where we have none."""
        said = message or _TOLD.get(message_template or "")
        if said:
            messages.add_message(request, level, str(said), extra_tags=extra_tags)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The ways in which somebody who has signed in can prove it again."""
        return [{**way, "description": _WAYS[way["id"]]} for way in super().get_reauthentication_methods(user)]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where one goes who came from nowhere: officers first see to their second factor."""
        return reverse("mfa_index") if factors.missing(request) else super().get_login_redirect_url(request)


class Factors(DefaultMFAAdapter):
    """The second factors of people."""

    error_messages: ClassVar = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _WRONG_CODE,
        "cannot_delete_authenticator": spoken("不能移除该验证方式。", "This factor cannot be removed."),
        "cannot_generate_recovery_codes": spoken(
            "请先启用验证器或通行密钥。", "Set up an authenticator app or a passkey first."
        ),
    }

    def get_totp_label(self, user: Any) -> str:
        """The user name: that is what one signs in with here."""
        return str(user.get_username())

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        """A name to start with."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return str(spoken(f"通行密钥{number}", f"Passkey {number}"))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Who asks for a passkey; its scope is the name under which the site is reached."""
        return {**super().get_public_key_credential_rp_entity(), "name": "丝关 Silkgate"}


class Provider(DefaultSocialAccountAdapter):
    """Accounts of an outside identity provider. None is ever joined to one of ours by name or e-mail address."""

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """In our words where it is about an address that has an account."""
        if code == "email_taken":
            return ValidationError(_LINK_IT, code=code)
        return super().validation_error(code, *args)

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        """Back to where one looks after one's account."""
        return reverse("mfa_index")
