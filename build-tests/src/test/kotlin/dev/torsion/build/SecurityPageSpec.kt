// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import dev.torsion.adbapi.ConnectionPoolOptions
import dev.torsion.adbapi.InteractionOptions
import dev.torsion.amp.AmpLimits
import dev.torsion.amp.AmpOptions
import dev.torsion.cred.PasswordHash
import dev.torsion.framing.ConnectionOptions
import dev.torsion.framing.CorrelationOptions
import dev.torsion.net.ConnectOptions
import dev.torsion.net.DatagramOptions
import dev.torsion.net.MinimumRate
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.UnixPortOptions
import dev.torsion.process.ProcessCommand
import dev.torsion.reactor.ReactorOptions
import dev.torsion.service.ProcessServiceOptions
import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.pb.PBOptions
import dev.torsion.tls.Tls
import dev.torsion.web.FormOptions
import dev.torsion.web.HttpLimits
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.SessionOptions
import dev.torsion.web.client.CookieLimits
import dev.torsion.web.client.DecodingLimits
import dev.torsion.web.client.EventSourceOptions
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.client.RedirectOptions
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveAtLeastSize
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import java.lang.reflect.Method
import java.lang.reflect.Modifier
import java.time.Duration
import kotlin.io.path.div
import kotlin.io.path.readLines

/**
 * The numbers of docs/guide/security.md are those of the code. Each row names an option or a constant, as `Class.name`, whose value the test
 * looks up. An option that no row names fails the test too.
 */
internal class SecurityPageSpec :
    FunSpec({
        val rows = rows()

        test("the page has its rows, and no option twice") {
            rows shouldHaveAtLeastSize 80
            rows.groupBy { it.key }.filterValues { it.size > 1 }.keys.shouldBeEmpty()
        }

        rows.forEach { row ->
            test("${row.key} is ${row.default}") { valueOf(row.default) shouldBe comparable(actual(row.key)) }
        }

        test("the options of each artifact are looked at") {
            val dumps = TorsionModule.entries.filter { it.published }.flatMap { it.api.readLines() }
            val types = dumps.mapNotNull { TYPE.find(it)?.groupValues?.get(1) }
            types.shouldNotBeEmpty()
            withClue("add these to OPTIONS") { (types.toSet() - OPTIONS.keys - WITHOUT_NUMBERS).shouldBeEmpty() }
        }

        test("each option is on the page") {
            val options = OPTIONS.flatMap { (name, value) -> getters(value).map { "$name.${propertyOf(it)}" } }
            withClue("add these to docs/guide/security.md") { (options - rows.map { it.key }.toSet() - NO_LIMITS).shouldBeEmpty() }
        }

        test("values are read as people write them") {
            valueOf("16 MiB") shouldBe 16L * 1024 * 1024
            valueOf("99,999") shouldBe 99_999L
            valueOf("250 ms") shouldBe Duration.ofMillis(250)
            valueOf("none") shouldBe null
            valueOf("no") shouldBe false
        }
    })

private class Row(val key: String, val default: String)

private val KEY = Regex("`([A-Z]\\w+\\.\\w+)`")

/** The rows of tables with a default, which stands right of what is limited. */
private fun rows(): List<Row> {
    var isTable = false
    val rows = ArrayList<Row>()
    for (line in (TorsionModule.root / "docs" / "guide" / "security.md").readLines()) {
        val cells = line.split('|').map { it.trim() }
        when {
            line.startsWith("| Limit |") -> isTable = true
            !line.startsWith("|") -> isTable = false
            isTable && !line.startsWith("|--") -> {
                val key = checkNotNull(KEY.find(cells[3])) { "this row names no option: $line" }.groupValues[1]
                rows.add(Row(key, cells[2]))
            }
        }
    }
    return rows
}

private fun valueOf(text: String): Any? {
    if (text == "none") return null
    if (text == "yes" || text == "no") return text == "yes"
    val number = text.substringBefore(' ').replace(",", "").toLong()
    return when (val unit = text.substringAfter(' ', "")) {
        "" -> number
        "KiB" -> number * 1024
        "MiB" -> number * 1024 * 1024
        "ms" -> Duration.ofMillis(number)
        "s" -> Duration.ofSeconds(number)
        "min" -> Duration.ofMinutes(number)
        "d" -> Duration.ofDays(number)
        else -> error("what is $unit?")
    }
}

private fun comparable(value: Any?): Any? = when (value) {
    Int.MAX_VALUE, Long.MAX_VALUE -> null
    is Number -> value.toLong()
    else -> value
}

private val OPTIONS: Map<String, Any> =
    listOf(
        StreamOptions.DEFAULT,
        MinimumRate.builder().build(),
        TcpOptions.DEFAULT,
        ConnectOptions.DEFAULT,
        UnixPortOptions.DEFAULT,
        DatagramOptions.DEFAULT,
        ReactorOptions.builder().build(),
        ProcessServiceOptions.DEFAULT,
        ConnectionOptions.DEFAULT,
        CorrelationOptions.DEFAULT,
        AmpOptions.DEFAULT,
        AmpLimits.DEFAULT,
        PBOptions.DEFAULT,
        BananaLimits.DEFAULT,
        HttpLimits.DEFAULT,
        RedirectOptions.DEFAULT,
        CookieLimits.DEFAULT,
        DecodingLimits.DEFAULT,
        HttpServerOptions.DEFAULT,
        HttpClientOptions.DEFAULT,
        EventSourceOptions.DEFAULT,
        FormOptions.DEFAULT,
        SessionOptions.DEFAULT,
        ConnectionPoolOptions.DEFAULT,
        InteractionOptions.DEFAULT,
        PasswordHash.DEFAULT,
        ProcessCommand(listOf("true")),
    ).associateBy { it.javaClass.simpleName }

private val TYPE = Regex("class dev/torsion/[a-z/]+/(\\w+(?:Options|Limits)) ")

/** Their one time is on the page, too. */
private val WITHOUT_NUMBERS = setOf("TlsClientOptions", "TlsServerOptions")

/** Options that limit nothing. */
private val NO_LIMITS =
    setOf(
        "ConnectionOptions.name",
        "ConnectionPoolOptions.threadFactory",
        "ConnectionPoolOptions.username",
        "FormOptions.folder",
        "HttpClientOptions.endpoints",
        "HttpClientOptions.proxy",
        "HttpClientOptions.tls",
        "InteractionOptions.isolation",
        "MinimumRate.reading", // the rates are off, and their times are not
        "MinimumRate.writing",
        "ReactorOptions.threadFactory",
    )

/** Those that give a number, a time, a choice or nothing. */
private fun getters(options: Any): List<Method> = options.javaClass.declaredMethods.filter { method ->
    val isGetter = Modifier.isPublic(method.modifiers) && !Modifier.isStatic(method.modifiers) && method.parameterCount == 0
    isGetter && !method.isSynthetic && method.name !in OF_OBJECTS && method.returnType != Void.TYPE &&
        method.invoke(options).let { it == null || it is Number || it is Boolean || it is Duration }
}

private val OF_OBJECTS = setOf("hashCode", "toString", "toBuilder")

private fun propertyOf(getter: Method): String = when {
    getter.name.startsWith("get") -> getter.name.removePrefix("get").replaceFirstChar { it.lowercase() }
    else -> getter.name
}

/** The value of an option, or of a constant of a class of the library. */
private fun actual(key: String): Any? {
    val (type, name) = key.split('.')
    val options = OPTIONS[type]
    if (options != null) return getters(options).single { propertyOf(it) == name }.invoke(options)
    if (name ==
        "handshakeTimeout"
    ) {
        return handshakeTimeout(
            if (type ==
                "TlsServerOptions"
            ) {
                Tls.server(Tls.selfSigned("localhost"))
            } else {
                Tls.client()
            },
        )
    }
    val owner = CONSTANTS[type] ?: error("where is $type?")
    val value = constant("dev.torsion.$owner", name) ?: constant("dev.torsion.${owner}Kt", name) ?: error("where is $key?")
    return IN_UNITS[key]?.let { it((value as Number).toLong()) } ?: value
}

private fun constant(type: String, name: String): Any? = try {
    Class.forName(type).getDeclaredField(name).apply { isAccessible = true }.get(null)
} catch (_: ReflectiveOperationException) {
    null // the constants of a file are in another class
}

private fun handshakeTimeout(options: Any): Any? {
    val settings = options.javaClass.getDeclaredField("settings").apply { isAccessible = true }.get(options)
    return settings.javaClass.getMethod("getHandshakeTimeout").apply { isAccessible = true }.invoke(settings)
}

private val IN_UNITS: Map<String, (Long) -> Duration> =
    mapOf(
        "BodyWatch.MOST_IN_HAND" to Duration::ofNanos,
        "Lingering.MOST_SECONDS" to Duration::ofSeconds,
        "NioPort.PAUSE_MILLIS" to Duration::ofMillis,
        "TlsChannel.PARTING" to Duration::ofSeconds,
    )

/** The classes in whose code the constants stand. */
private val CONSTANTS =
    mapOf(
        "DatagramPorts" to "framing.DatagramPorts",
        "Escaped" to "log.SafeText__EscapedKt",
        "BodyWatch" to "web.BodyWatch",
        "ByteRange" to "web.ByteRange",
        "ClientExchange" to "web.client.ClientExchange",
        "Interims" to "web.client.Interims",
        "ClientHelloReader" to "tls.ClientHelloReader",
        "EventReading" to "web.client.EventReading",
        "EventStream" to "web.EventStream",
        "FileContents" to "web.FileContents",
        "FolderLookup" to "web.FolderLookup",
        "FreshLooks" to "web.FreshLooks",
        "HttpBody" to "web.HttpBody",
        "HttpClientMetrics" to "micrometer.HttpClientMetrics",
        "IntPrefixFraming" to "framing.IntPrefixFraming",
        "JsonLines" to "log.json.JsonLines",
        "LimitedHistoryLogObserver" to "log.LimitedHistoryLogObserver",
        "LineFraming" to "framing.LineFraming",
        "Lingering" to "nio.Lingering",
        "ListeningPort" to "net.ListeningPort",
        "NioPort" to "nio.NioPort",
        "Nonces" to "web.cred.Nonces",
        "Pages" to "spread.pb.Pages",
        "PcapFile" to "policies.PcapFile",
        "PcapRecorder" to "policies.PcapRecorder",
        "Processes" to "process.Processes",
        "ProxyProtocol" to "endpoint.ProxyProtocol",
        "ReasonText" to "log.ReasonText",
        "ServerConnection" to "web.ServerConnection",
        "SafeText" to "log.SafeText__SafeTextKt",
        "SetCookie" to "web.SetCookie",
        "StaticFiles" to "web.StaticFiles",
        "ThreadPool" to "loop.ThreadPool",
        "ThreadedHostResolver" to "name.ThreadedHostResolver",
        "TlsChannel" to "tls.TlsChannel",
        "TlsIdentity" to "tls.TlsIdentity",
    )
