// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

/** Somebody was not let in; Twisted's `LoginFailed`. The subclasses say why, as far as the other side may know. */
public open class LoginFailed
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : Exception(message, cause)

/**
 * The credentials are wrong; Twisted's `UnauthorizedLogin`. It is the same for an unknown name and for a wrong password, so that nobody
 * learns names by trying.
 */
public class UnauthorizedLogin
@JvmOverloads
constructor(message: String = "The login is not authorized.", cause: Throwable? = null) :
    LoginFailed(message, cause)

/** The portal has no checker for this kind of credentials, which is a mistake of the server's; Twisted's `UnhandledCredentials`. */
public class UnhandledCredentials
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : LoginFailed(message, cause)

/** The credentials are right, but the realm lets nobody in now; Twisted's `LoginDenied`. For realms to throw. */
public class LoginDenied
@JvmOverloads
constructor(message: String = "The login is denied.", cause: Throwable? = null) :
    LoginFailed(message, cause)

/** The key is one of the user's, but the client has only asked about it, and has signed nothing; Twisted's `ValidPublicKey`. */
public class ValidPublicKey : LoginFailed("The public key is valid, and a signature is wanted.")
