"""What each type of a problem document means, for people: `/problems/{slug}` shows it."""

from typing import Final

EXPLANATIONS: Final = {
    "bad-request": "The request could not be read to its end. Send it again; look at the program that sent it.",
    "login-needed": "This is for those who are known. Log in, or send a token: Authorization: Bearer …. A token that "
    "is sent is wrong, was revoked, or expired.",
    "not-allowed": "Who asks is known, and may not do this: it takes the role operator, or the request did not come "
    "from a page of this gateway (the header X-CSRF-Token is missing or old: load the page anew).",
    "not-found": "There is no such thing: it was removed, or the address is wrong. The detail says where a list is.",
    "method-not-allowed": "This address does not take this method. The header Allow names those that it takes.",
    "not-acceptable": "The header Accept asks for a type that is not given here.",
    "too-slow": "The body of the request did not come in time. Send it again over a better line.",
    "refused": "The request was understood, and the gateway says no: the detail tells why. Nothing was changed.",
    "overtaken": "Somebody else changed it since it was read. Read it again, and decide anew.",
    "too-large": "The body of the request is larger than what is taken here. Send less at a time.",
    "unsupported-media-type": "The body of the request is of another type than this address reads: see Content-Type.",
    "does-not-fit": "Something in the request is not what it should be: errors name the place and the fault.",
    "set-refused": "The configuration set that would have come of this has errors. Nothing was changed; findings name "
    "file, line and column.",
    "too-many-tries": "Too many wrong passwords or tokens came from this address or for this name. Wait as long as "
    "Retry-After says, and try again.",
    "not-available": "The part of the gateway that has the answer does not answer now. Try again in a moment; System "
    "shows how the services are.",
    "internal-error": "A fault of the gateway itself. Its log tells more; please report it.",
}
