"""What a password must not be: Django checks it, we say it in both languages."""

from __future__ import annotations

from django.contrib.auth import password_validation as django

from silkgate.ui.words import spoken


class LongEnough(django.MinimumLengthValidator):
    """A least number of characters."""

    def get_error_message(self) -> str:
        """What is wrong."""
        n = self.min_length
        return spoken(f"密码至少要有{n}个字符。", f"A password needs {n} characters or more.")


class NotCommon(django.CommonPasswordValidator):
    """None of the 20,000 that everybody tries first."""

    def get_error_message(self) -> str:
        """What is wrong."""
        return spoken("该密码太常见，很容易被猜到。", "This password is a common one and easy to guess.")


class NotAboutOneself(django.UserAttributeSimilarityValidator):
    """Nothing like the user name or the e-mail address."""

    def get_error_message(self) -> str:
        """What is wrong."""
        return spoken(
            "密码与用户名或邮箱太相近。", "The password is too much like the user name or the e-mail address."
        )
