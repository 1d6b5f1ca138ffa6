// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.net.ClosedBy
import dev.torsion.net.HasBreaker
import java.io.IOException
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import java.util.concurrent.TimeUnit

/**
 * TLS has failed: the handshake, or an open connection. The subclasses say why. It is the cause of the connection's
 * [CloseReason][dev.torsion.net.CloseReason], and of the [TlsConnectException] of an attempt to connect.
 *
 * @property by who has ended the connection: [ClosedBy.US] when this side has refused the other, [ClosedBy.PEER] when it was the other one
 */
public open class TlsException
@JvmOverloads
constructor(
    message: String,
    cause: Throwable? = null,
    public override val by: ClosedBy = ClosedBy.PEER,
) : IOException(message, cause),
    HasBreaker

/**
 * The other side does not speak TLS: it has sent something else.
 *
 * @property beginning the first bytes of what it has sent, as text: at most 40, escaped
 */
public class NotTlsException internal constructor(message: String, public val beginning: String) : TlsException(message)

/** The handshake was not over within [timeout]. */
public class TlsTimeoutException internal constructor(
    message: String,
    /** How long it was given, see [TlsServerOptions.withHandshakeTimeout]. */
    public val timeout: Duration,
) : TlsException(message)

/** The connection ended in the middle of the handshake, and the other side has not said why. */
public class TlsHandshakeEndedException internal constructor(message: String, cause: Throwable?, by: ClosedBy) :
    TlsException(message, cause, by)

/** The other side has ended the connection with an [alert]. */
public class TlsAlertException internal constructor(
    message: String,
    /** The alert that it sent; null when it is none that we know. */
    public val alert: TlsAlert?,
    cause: Throwable?,
) : TlsException(message, cause)

/** The other side broke a rule of TLS, or sent bytes that were changed on the way. This side has told it so, and ended the connection. */
public class TlsViolationException internal constructor(message: String, cause: Throwable?) : TlsException(message, cause)

/** The two sides have no version, cipher, key or application protocol in common. This side has told the other so. */
public class TlsMismatchException internal constructor(message: String, cause: Throwable?) : TlsException(message, cause, ClosedBy.US)

/**
 * The other side wanted to negotiate anew on an open connection of TLS 1.2. This side never does: renegotiation had too many holes (RFC
 * 5746), and TLS 1.3 has none.
 */
public class TlsRenegotiationException internal constructor(message: String) : TlsException(message, null, ClosedBy.US)

/**
 * The stream ended without TLS saying so. Somebody on the way may have cut it: the bytes that have come are genuine, but there may have
 * been more. Many peers end like that out of negligence. A protocol whose messages say how long they are can tell.
 */
public class TlsTruncatedException internal constructor() :
    TlsException("the other side has ended the connection without a close alert, so what came may be cut short")

/** No certificate could be chosen for the name that a client asks for. */
public class TlsNameUnknownException internal constructor(
    message: String,
    /** The name in the client's hello; null when there was none. */
    public val serverName: String?,
    cause: Throwable?,
) : TlsException(message, cause, ClosedBy.US)

/**
 * This side has refused the certificate of the other.
 *
 * @property chain what the other side has shown, its own certificate first
 */
public abstract class TlsCertificateException internal constructor(
    message: String,
    cause: Throwable?,
    public val chain: List<X509Certificate>,
) : TlsException(message, cause, ClosedBy.US)

/**
 * The certificate is for other names.
 *
 * @property expected the name or the address that was connected to
 * @property names the names and the addresses in the certificate
 */
public class TlsHostNameException internal constructor(
    message: String,
    cause: Throwable?,
    chain: List<X509Certificate>,
    public val expected: String,
    public val names: List<String>,
) : TlsCertificateException(message, cause, chain)

/**
 * A certificate of the chain has expired, or is not valid yet.
 *
 * @property notBefore from when on it is valid
 * @property notAfter until when it is valid
 */
public class TlsExpiredException internal constructor(
    message: String,
    cause: Throwable?,
    chain: List<X509Certificate>,
    public val notBefore: Instant,
    public val notAfter: Instant,
) : TlsCertificateException(message, cause, chain)

/** Nobody that we trust has signed the certificate. */
public class TlsUntrustedException internal constructor(message: String, cause: Throwable?, chain: List<X509Certificate>) :
    TlsCertificateException(message, cause, chain)

/**
 * The certificate is good, but none of its chain has a key that was pinned.
 *
 * @property pins the pins of the chain, in the form of [TlsPin]
 */
public class TlsPinException internal constructor(message: String, chain: List<X509Certificate>, public val pins: List<String>) :
    TlsCertificateException(message, null, chain)

/** [time] in whole milliseconds, for a message. */
internal fun inMillis(time: Duration): String = "${TimeUnit.MILLISECONDS.convert(time)} ms"
