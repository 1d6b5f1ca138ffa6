// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.cred

import dev.torsion.cred.Credentials
import dev.torsion.cred.LoginFailed
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.cred.UsernamePassword
import dev.torsion.web.Request
import java.util.Base64

/** A way in which a client proves who it is (RFC 9110 11); Twisted's `ICredentialFactory`. [BasicScheme] and [DigestScheme] are two. */
public interface AuthScheme {
    /** Its name, such as `Basic`. */
    public fun name(): String

    /**
     * The values of `WWW-Authenticate` for [request]. [isStale] says that its credentials were too old, and no more is wrong with them as
     * far as is known.
     */
    public fun questions(request: Request, isStale: Boolean): List<String>

    /**
     * The credentials in [value], the part of `Authorization` behind the name.
     *
     * @throws LoginFailed when it says nothing, for whatever reason
     */
    @Throws(LoginFailed::class)
    public fun credentials(value: String, request: Request): Credentials
}

/**
 * A name and a password with each request (RFC 7617); Twisted's `BasicCredentialFactory`. Gives a [UsernamePassword]. A listener on the
 * wire gets the password: use it over TLS only.
 *
 * @param realm the name of the place that the login is for, which browsers show
 */
public class BasicScheme(realm: String) : AuthScheme {
    private val question = listOf("Basic realm=${quoted(realm)}, charset=\"UTF-8\"")

    override fun name(): String = "Basic"

    override fun questions(request: Request, isStale: Boolean): List<String> = question

    override fun credentials(value: String, request: Request): Credentials {
        val pair = try {
            Base64.getDecoder().decode(value)
        } catch (_: IllegalArgumentException) {
            throw UnauthorizedLogin()
        }
        val colon = pair.indexOf(':'.code.toByte())
        if (colon < 0) throw UnauthorizedLogin()
        return UsernamePassword(pair.decodeToString(0, colon), pair.copyOfRange(colon + 1, pair.size))
    }

    override fun toString(): String = "BasicScheme"
}

/** [text] as a quoted string. */
internal fun quoted(text: String): String {
    require(text.all { it.code in 0x20..0x7e }) { "a realm is of ASCII, and has no control character" }
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\""
}
