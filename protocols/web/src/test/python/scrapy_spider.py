# Crawls the site at the URL of the first argument with Scrapy, and prints what it found as JSON.
# Run by LivePythonSpec: python3 scrapy_spider.py http://127.0.0.1:PORT
import json
import sys

import scrapy
from scrapy.crawler import CrawlerProcess

base = sys.argv[1]
pages = []
greetings = []
statuses = {}


class Spider(scrapy.Spider):
    name = "torsion"
    start_urls = [base + "/"]
    handle_httpstatus_list = [404]

    def parse(self, response):
        path = response.url[len(base) :]
        statuses[response.status] = statuses.get(response.status, 0) + 1
        pages.append([path, response.css("title::text").get()])
        greetings.extend(response.css(".greeting::text").getall())
        yield from response.follow_all(css="a", callback=self.parse)
        for form in response.css("form"):
            yield scrapy.FormRequest.from_response(response, formdata={"name": "spider"}, callback=self.parse)


process = CrawlerProcess(
    {
        "ROBOTSTXT_OBEY": True,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "DOWNLOAD_TIMEOUT": 20,
        "REQUEST_FINGERPRINTER_IMPLEMENTATION": "2.7",
    }
)
crawler = process.create_crawler(Spider)
process.crawl(crawler)
process.start()
stats = crawler.stats.get_stats()
print(
    json.dumps(
        {
            "pages": sorted(pages),
            "greetings": greetings,
            "statuses": statuses,
            "forbidden": stats.get("downloader/exception_type_count/scrapy.exceptions.IgnoreRequest", 0),
            "redirects": stats.get("downloader/response_status_count/301", 0),
            "retries": stats.get("retry/count", 0),
            "reason": stats.get("finish_reason"),
        }
    )
)
